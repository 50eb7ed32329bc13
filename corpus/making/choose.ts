import { makeStranger } from '../../bench/strangers/world/stranger.ts';
import { TROUBLE_NAMES } from '../../bench/strangers/world/troubles.ts';
import type { Chosen } from './incident.ts';

/** The set of seeds: `npm run bench -- strangers --show 2026:INDEX` tells the story of one of its incidents. */
const SET = 2026;
const SEEDS_OF_A_SET = 1_000_003;
/** Small enough that two hundred of them fit into a repository. */
const MOST_SLOTS = 170;
const TWO = 'two at once';
/** Of each kind, so many on each engine. */
const QUOTA = { postgres: 8, mysql: 5, mariadb: 4 } as const;

/** The first seeds of the set that fill every kind on every engine; one in three is without history. */
export function chooseIncidents(): Chosen[] {
  const kinds: readonly string[] = [...TROUBLE_NAMES, TWO];
  const wanted = kinds.length * Object.values(QUOTA).reduce((sum, each) => sum + each, 0);
  const counts = new Map<string, number>();
  const chosen: Chosen[] = [];
  for (let index = 0; chosen.length < wanted; index++) {
    const seed = SET * SEEDS_OF_A_SET + index;
    const { engine, usable, troubles } = makeStranger(seed);
    const kind = troubles.length > 1 ? TWO : (troubles[0]?.name ?? TWO);
    const key = `${kind} on ${engine}`;
    const count = counts.get(key) ?? 0;
    if (usable > MOST_SLOTS || count >= QUOTA[engine]) continue;
    counts.set(key, count + 1);
    chosen.push({ id: `${SET}:${index}`, seed, kind, hasHistory: count % 3 !== 1 });
  }
  return chosen.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.seed - b.seed);
}
