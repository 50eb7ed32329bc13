import type { Policy } from '../policy/policy.ts';
import { consumerOf } from '../server/consumer.ts';
import type { Session } from '../server/session.ts';
import type { Departures } from './departure.ts';

/** Sessions beyond this share more than a pool has used at once in a day, and so many more, are spare. */
const MARGIN_SHARE = 0.25;
const MARGIN = 2;

/** Idle sessions of pools that hold more than they have used at once within a day, longest idle first in each. */
export function spareIdle(open: readonly Session[], departures: Departures, policy: Policy): Session[] {
  const { usual } = departures;
  if (policy.collateral === 'none' || usual.basis !== 'profile') return [];
  const sizes = new Map(departures.consumers.map(({ name, now }) => [name, now.all]));
  const idle = open.filter(
    (session) =>
      session.state === 'idle' &&
      departures.standingOf(session) === 'usual' &&
      (session.stateMs ?? 0) >= 1000 * policy.ages.idleSeconds,
  );
  return [...Map.groupBy(idle, consumerOf)].flatMap(([name, own]) => {
    const used = usual.consumers[name]?.used ?? null;
    if (used === null) return [];
    const kept = Math.ceil((1 + MARGIN_SHARE) * used) + MARGIN;
    const spare = Math.max(0, (sizes.get(name) ?? 0) - kept);
    return own.sort((a, b) => (b.stateMs ?? 0) - (a.stateMs ?? 0) || a.identity.id - b.identity.id).slice(0, spare);
  });
}
