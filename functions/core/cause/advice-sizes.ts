import type { Pool } from '../policy/target.ts';
import type { Session } from '../server/session.ts';
import type { EngineName } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { mostFirst } from '../words/lists.ts';
import { named } from '../words/printable.ts';
import type { Facts } from './facts.ts';

/**
 * The runbooks' formula for the pool of one process: two connections for each core and one for the disk, times 1.3 for
 * peaks (they say 1.2 to 1.5).
 */
const PEAKS = 1.3;
/** All pools together should stay at or under this share of the usable slots (the runbooks' example: 375 of 500). */
const POOL_SHARE = 0.75;

/** The most connections that one process needs, by the formula above. */
export function poolSizeFor(cores: number): number {
  return Math.round((2 * cores + 1) * PEAKS);
}

/** The size of every configured pool with which all fit together; without configured pools, the most for each. */
export function adviseOnPools({ usable, idlePlaces }: Facts, pools: readonly Pool[]): string[] {
  const budget = Math.floor(POOL_SHARE * usable);
  if (pools.length === 0) {
    const places = Math.max(1, idlePlaces.count);
    const fair = Math.max(1, Math.floor(budget / places));
    return [
      `${count(places, 'pool')} with idle connections must share ${usable} usable slots: ` +
        `give each at most ${count(fair, 'connection')}`,
      'describe your pools in headroom.yaml (targets[].pools): then this advice uses their real sizes',
    ];
  }
  const total = pools.reduce((sum, { instances, size }) => sum + instances * size, 0);
  const instances = pools.reduce((sum, pool) => sum + pool.instances, 0);
  const terms = pools.map((pool) => `${pool.instances} × ${pool.size} (${named(pool.name, 40)})`);
  const sum = `${terms.join(' + ')} = ${count(total, 'connection')}`;
  const room = `of ${usable} usable slots, ${budget} leave room for everything else`;
  if (total <= budget) {
    return [
      `the pools as configured fit: they can take ${sum}; ${room}. ` +
        'So more processes run than are configured, or others hold the rest',
    ];
  }
  return [
    `the pools can take ${sum}; ${room}`,
    ...pools.map((pool) => {
      // In proportion to what each has now.
      const fair = Math.max(1, Math.floor((pool.size * budget) / Math.max(1, total)));
      const byCores = pool.cores === null ? null : poolSizeFor(pool.cores);
      const size = byCores === null ? fair : Math.min(fair, byCores);
      const why =
        byCores === null ? '' : `; (2 × ${pool.cores} cores + 1) × ${PEAKS} = ${byCores} is the most it can use`;
      return `set the pool of ${named(pool.name, 40)} to ${size} per process${why}`;
    }),
    ...(instances > budget
      ? [`even with one connection each, ${instances} processes are over ${budget}: only a pooler in front helps`]
      : []),
  ];
}

/** The slots that are taken now should be this share of the raised limit. */
const SHARE_WHEN_RAISED = 0.7;
/**
 * Memory that RDS assumes for one connection: its default max_connections is the memory of the class divided by this.
 */
const BYTES_PER_CONNECTION = { postgres: 9_531_392, mysql: 12_582_880, mariadb: 25_165_760 } as const;

/** Whether and how the server's own limit can be raised, to what, and whether the memory is there. */
export function raiseLimit(facts: Facts, engine: EngineName, isRds: boolean): string {
  const { slots, usable, maxConnections, freeMemoryBytes } = facts;
  // What is reserved is not there for clients, however high the limit.
  const reserved = maxConnections - usable;
  const wanted = Math.ceil((Math.max(slots, usable) / SHARE_WHEN_RAISED + reserved) / 10) * 10;
  const memory = judgeMemory(wanted - maxConnections, freeMemoryBytes, engine);
  const raise = `or raise max_connections from ${maxConnections} to ${wanted}`;
  if (engine === 'postgres') {
    const where = isRds ? ' in the parameter group' : '';
    return `${raise}${where}: PostgreSQL applies it only at a restart; ${memory}`;
  }
  return isRds
    ? `${raise} in the parameter group: it applies at once ` +
        `(default groups cannot be changed, Aurora Serverless v2 needs a reboot); ${memory}`
    : `${raise}, which needs no restart (${memory}): SET GLOBAL max_connections = ${wanted}`;
}

/** Who comes in a storm: what is over its usual number, or else everybody. While a session logs in, no user shows. */
export function comersOf({ clients, departures }: Facts): readonly Session[] {
  const shown = clients.filter(({ user }) => user !== null);
  const over = shown.filter((session) => departures.standingOf(session) !== 'usual');
  return over.length > 0 ? over : shown;
}

/**
 * What the largest user among these sessions may have while everybody else keeps what they have and a quarter of the
 * slots stays free.
 */
export function fairLimit(comers: readonly Session[], { slots, usable }: Facts): number {
  const [largest] = mostFirst(countBy(comers, ({ user }) => user ?? ''));
  const others = slots - (largest?.[1] ?? 0);
  return Math.max(1, Math.floor(POOL_SHARE * usable) - others);
}

/** Whether so many more connections fit into the lowest free memory; where that is unknown, a person must check. */
function judgeMemory(more: number, freeBytes: number | null, engine: EngineName): string {
  const bytes = more * BYTES_PER_CONNECTION[engine];
  const needed = `${more} more may take ${inMegabytes(bytes)} (by RDS’s own rule for this engine)`;
  if (freeBytes === null) return `${needed}: check that as much is free`;
  const free = inMegabytes(freeBytes);
  return bytes <= freeBytes
    ? `${needed}, and recently at least ${free} were free: it fits`
    : `${needed}, but recently as little as ${free} were free: choose a larger class first`;
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000).toLocaleString('en')} MB`;
}
