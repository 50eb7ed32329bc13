import { clientsOf, type Snapshot } from '../server/snapshot.ts';
import type { Departures } from './departure.ts';
import { takeFirstLook } from './turnover.ts';
import type { Usual } from './usual.ts';

/** As many consumers as an incident's record keeps: some 20 kB. */
const MOST_KEPT = 200;

/**
 * What an incident keeps of what was usual: the consumers that hold slots now, then the largest. What is left out
 * becomes a bound for consumers without a name, so that none of them counts as more than usual for it.
 */
export function keepUsual({ usual, consumers }: Pick<Departures, 'usual' | 'consumers'>, snapshot: Snapshot): Usual {
  const present = new Set(consumers.map(({ name }) => name));
  const ranked = Object.entries(usual.consumers).sort(
    ([a, left], [b, right]) =>
      Number(present.has(b)) - Number(present.has(a)) || right.all - left.all || (a < b ? -1 : 1),
  );
  const dropped = ranked.slice(MOST_KEPT);
  const over = consumers.flatMap(({ name, excess }) => (excess > 0 ? [name] : [])).slice(0, MOST_KEPT);
  return {
    ...usual,
    consumers: Object.fromEntries(ranked.slice(0, MOST_KEPT)),
    users: Object.fromEntries(Object.entries(usual.users).slice(0, MOST_KEPT)),
    unnamed: Math.max(usual.unnamed, ...dropped.map(([, { all }]) => all)),
    over,
    unsure: usual.unsure.slice(0, MOST_KEPT),
    firstLook: takeFirstLook(clientsOf(snapshot), over, snapshot.at),
  };
}
