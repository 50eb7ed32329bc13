import type { TierName } from '../policy/tier-names.ts';
import { consumerOf } from '../server/consumer.ts';
import { named } from '../words/printable.ts';
import type { Choice } from './choice.ts';
import { chooseLeastHarm, perSlot, type Bounds, type Option } from './least-harm.ts';
import type { Victim } from './tier-plan.ts';

/** A victim as the choice weighs it. */
export interface Weighed extends Option {
  readonly tier: TierName;
  readonly victim: Victim;
}

/** What there was to choose from, in the order that breaks ties, and what was chosen. */
export interface Weighing {
  readonly options: readonly Weighed[];
  readonly chosen: readonly Weighed[];
  readonly bounds: Bounds;
}

/** Sums up a choice. */
export function chosenFrom({ options, chosen, bounds }: Weighing): Choice {
  const isChosen = new Set(chosen);
  const next = options
    .filter((option) => !isChosen.has(option))
    .reduce<Weighed | null>((best, option) => (best === null || perSlot(option) < perSlot(best) ? option : best), null);
  const groups = Map.groupBy(chosen, ({ tier, victim }) => `${tier} ${victim.harm.kind}`);
  const tiers = new Set(options.map(({ tier }) => tier));
  return {
    ...sum(chosen),
    chosen: [...groups.values()].flatMap((group) => {
      const [one] = group;
      return one ? [{ tier: one.tier, kind: one.victim.harm.kind, sessions: group.length, ...sum(group) }] : [];
    }),
    next: next && { tier: next.tier, kind: next.victim.harm.kind, who: describeSession(next), ...sum([next]) },
    alone: [...tiers].map((tier) => {
      const own = chooseLeastHarm(
        options.filter((option) => option.tier === tier),
        bounds,
      );
      const { harm, frees } = sum(own);
      return { tier, sessions: own.length, harm, frees, isEnough: frees >= bounds.need };
    }),
  };
}

function sum(options: readonly Weighed[]): { readonly harm: number; readonly frees: number } {
  const harm = options.reduce((total, { victim }) => total + victim.harm.points, 0);
  return { harm: Math.round(10 * harm) / 10, frees: options.reduce((total, { frees }) => total + frees, 0) };
}

function describeSession({ victim: { session } }: Weighed): string {
  return `${session.identity.id} ${named(consumerOf(session), 80)}`;
}
