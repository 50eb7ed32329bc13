import type { TargetSettings } from '../policy/target.ts';
import { TIER_NAMES } from '../policy/tier-names.ts';

/** Ends the id under which a target is rehearsed. No target has it: an underscore is none of their characters. */
const SUFFIX = '_rehearsal';

/**
 * The settings of a rehearsal of a target: its server and its policy, under an id of its own, with every tier in mode
 * observe. So no state that acts or asks can be reached, whatever the policy says; and the lock, budgets, acts, pauses,
 * profile and history of the target are those of another one: a rehearsal neither joins an incident of the target, nor
 * stands in the way of one, nor counts for anything.
 */
export function rehearsalOf(target: TargetSettings): TargetSettings {
  const { policy } = target;
  return {
    ...target,
    id: `${target.id}${SUFFIX}`,
    mode: 'observe',
    policy: {
      ...policy,
      tiers: Object.fromEntries(TIER_NAMES.map((name) => [name, 'observe'])),
      // A page ends it: nobody is to look after a rehearsal.
      loop: { ...policy.loop, stayMinutes: 0 },
    },
  };
}

/** The id of the target that is rehearsed under this id; null when it is no rehearsal. */
export function rehearsedId(id: string): string | null {
  return id.endsWith(SUFFIX) ? id.slice(0, -SUFFIX.length) : null;
}
