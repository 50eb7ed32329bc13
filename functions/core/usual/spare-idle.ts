import type { Policy } from '../policy/policy.ts';
import { consumerOf } from '../server/consumer.ts';
import { RETURNS_AT_ONCE, type Returns } from '../server/returns.ts';
import type { Session } from '../server/session.ts';
import type { Departures } from './departure.ts';

/** Sessions beyond this share more than a pool has used at once in a day, and so many more, are spare. */
const MARGIN_SHARE = 0.25;
const MARGIN = 2;

/**
 * Idle sessions of pools that hold more than they have used at once within a day: the longest idle, `most` of them. A
 * pool that has replaced what it lost in this incident is left alone: ending more of it gains nothing.
 */
export function spareIdle(
  open: readonly Session[],
  most: number,
  { departures, policy, returns }: { departures: Departures; policy: Policy; returns: Returns },
): Session[] {
  const { usual } = departures;
  if (policy.collateral === 'none' || usual.basis !== 'profile') return [];
  const sizes = new Map(departures.consumers.map(({ name, now }) => [name, now.all]));
  const idle = open.filter(
    (session) =>
      session.state === 'idle' &&
      ['usual', 'at-work'].includes(departures.standingOf(session)) &&
      (session.stateMs ?? 0) >= 1000 * policy.ages.idleSeconds,
  );
  const spare = [...Map.groupBy(idle, consumerOf)].flatMap(([name, own]) => {
    const used = usual.consumers[name]?.used ?? null;
    if (used === null || returns.refillOf(name) >= RETURNS_AT_ONCE) return [];
    const kept = Math.ceil((1 + MARGIN_SHARE) * used) + MARGIN;
    return own.sort(longestIdleFirst).slice(0, Math.max(0, (sizes.get(name) ?? 0) - kept));
  });
  return spare.sort(longestIdleFirst).slice(0, most);
}

function longestIdleFirst(a: Session, b: Session): number {
  return (b.stateMs ?? 0) - (a.stateMs ?? 0) || a.identity.id - b.identity.id;
}
