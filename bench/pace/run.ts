import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCleanup, type Cleanup } from '../../drill/cleanup.ts';
import { tryLogin } from '../../drill/target/usage-watch.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { startWatching, type SeenNotice, type ShownIncident } from './headroom.ts';
import type { Label, Load, Stage } from './load.ts';
import { newTally, openPool, type Clients, type PoolTally } from './pool.ts';
import { startPaceServer, type PaceServer } from './server.ts';

export interface PaceOptions {
  readonly calmMinutes: number;
  /** How long it is watched after the trouble has begun. */
  readonly watchMinutes: number;
  readonly onLine: (line: string) => void;
}

/** The server as ordinary clients have it. */
export interface Reading {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Percent of usable slots, without Headroom's own and the bench's. */
  readonly usage: number;
  readonly admitted: boolean;
}

/** One load on one server, as its clients and Headroom's records have it. */
export interface PaceRun {
  readonly load: Load;
  readonly server: string;
  readonly engine: EngineName;
  /** Log, records and configuration of `headroom watch`. */
  readonly folder: string;
  readonly troubleAt: number;
  readonly readings: readonly Reading[];
  readonly incidents: readonly ShownIncident[];
  readonly notices: readonly SeenNotice[];
  readonly tallies: Readonly<Record<string, PoolTally & { readonly label: Label }>>;
}

const PASSER_BY = 'passer_by';
const READ_MS = 500;
const MINUTE_MS = 60_000;

export async function runPace(load: Load, engine: EngineName, options: PaceOptions): Promise<PaceRun> {
  const cleanup = createCleanup();
  try {
    return await rehearse(load, engine, options, cleanup);
  } finally {
    await cleanup.run();
  }
}

async function rehearse(load: Load, engine: EngineName, options: PaceOptions, cleanup: Cleanup): Promise<PaceRun> {
  const say = (text: string) => {
    options.onLine(`${new Date().toISOString().slice(11, 19)} ${load.name} on ${engine}: ${text}`);
  };
  const folder = await mkdtemp(join(tmpdir(), `headroom-pace-${load.name}-${engine}-`));
  const server = await startPaceServer(engine, [...Object.keys(load.users), PASSER_BY], load.limitable ?? []);
  cleanup.add(() => server.stop());
  const stopped = new AbortController();
  const pools = new Map<string, Clients[]>();
  const stage = createStage(server, engine, { pools, signal: stopped.signal, say });
  cleanup.add(async () => {
    stopped.abort();
    await Promise.all([...pools.values()].flat().map((pool) => pool.end()));
  });

  await load.calm(stage);
  const watching = await startWatching(server, { engine, folder, policy: load.policy ?? {} });
  cleanup.add(async () => {
    await watching.stop();
  });
  say(`calm; what happens is kept in ${folder}`);
  const readings: Reading[] = [];
  stage.every(READ_MS, async () => {
    const login = await tryLogin({ engine, major: 18 }, server.urlOf(PASSER_BY));
    const used = await server.countUsed();
    readings.push({ at: Date.now(), usage: (100 * used) / server.usable, admitted: login === 'admitted' });
  });
  await delay(options.calmMinutes * MINUTE_MS);
  const troubleAt = Date.now();
  say('the trouble begins');
  load.trouble(stage);
  await delay(options.watchMinutes * MINUTE_MS);

  // What the end of the watch tells, and what comes of it (limits are lifted), is none of the story.
  const notices = [...watching.notices];
  const watched = [...readings];
  const incidents = await watching.stop();
  const tallies = Object.fromEntries(
    Object.entries(load.users).map(([user, label]) => [user, { label, ...sum(pools.get(user) ?? []) }]),
  );
  const run = {
    load,
    server: server.title,
    engine,
    folder,
    troubleAt,
    readings: watched,
    incidents,
    notices,
    tallies,
  };
  await writeFile(join(folder, 'run.json'), JSON.stringify(run, null, 1));
  say('over');
  return run;
}

interface StageParts {
  readonly pools: Map<string, Clients[]>;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

function createStage(server: PaceServer, engine: EngineName, { pools, signal, say }: StageParts): Stage {
  const told = new Set<string>();
  const quietly = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      const text = String(error);
      if (!signal.aborted && !told.has(text)) say(`the load: ${text}`);
      told.add(text);
    }
  };
  const adopt = (user: string, clients: Clients) => {
    pools.set(user, [...(pools.get(user) ?? []), clients]);
  };
  const sleep = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  return {
    engine,
    signal,
    urlOf: (user) => server.urlOf(user),
    adopt,
    pool(user, poolOptions) {
      const pool = openPool(engine, server.urlOf(user), poolOptions);
      adopt(user, pool);
      return pool;
    },
    every(ms, work) {
      void (async () => {
        while (!signal.aborted) {
          await quietly(work);
          // Clients that were all held up at once must not ask in step for ever after.
          await sleep(ms * (0.5 + Math.random()));
        }
      })();
    },
    begin(work) {
      void quietly(work);
    },
    sleep,
    sleepSql: (seconds) => (engine === 'postgres' ? `pg_sleep(${seconds})` : `SLEEP(${seconds})`),
  };
}

function sum(pools: readonly Clients[]): PoolTally {
  const total = newTally();
  for (const { tally } of pools) {
    for (const name of Object.keys(total) as (keyof PoolTally)[]) total[name] += tally[name];
  }
  return total;
}
