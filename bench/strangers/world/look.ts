import type { Session } from '../../../functions/core/server/session.ts';
import { activityOf, type Snapshot } from '../../../functions/core/server/snapshot.ts';
import { countBy } from '../../../functions/core/words/count-by.ts';
import { aSession, aSnapshot } from '../../../test/support/a-session.ts';
import { MINUTE } from './consumer.ts';
import { breatheAll, type Live, type World } from './world.ts';

/** Sessions that the server has opened before the incident. */
export const OPENED_BEFORE = 2_000_000;

/** What a worker sees now. */
export function takeSnapshot(world: World): Snapshot {
  breatheAll(world);
  const { stranger } = world;
  const { engine, usable, maxConnections, reserved } = stranger;
  const sessions = [...world.sessions.values()].map((live) => show(world, live));
  world.looks.push(world.now);
  const isFull = world.sessions.size >= usable;
  const plain = aSnapshot(usable, sessions);
  return {
    ...plain,
    at: world.now,
    server: { ...plain.server, engine, version: VERSIONS[engine], major: Number.parseInt(VERSIONS[engine], 10) },
    limits: {
      maxConnections,
      reserves: reserved > 0 ? [{ name: 'superuser_reserved_connections', slots: reserved }] : [],
      usable,
    },
    used: world.sessions.size,
    byState: Object.fromEntries(countBy(sessions, ({ state }) => state)),
    canary: isFull
      ? {
          result: 'refused',
          refusal: { kind: 'full', code: engine === 'postgres' ? '53300' : '1040', message: 'full' },
        }
      : { result: 'admitted', tookMs: 5 },
    activity: activityOf(sessions, {
      sessionsOpened: OPENED_BEFORE + world.opened,
      loginsRefused: engine === 'mysql' ? world.refused : null,
    }),
  };
}

const VERSIONS = { postgres: '18.4', mysql: '9.7.0', mariadb: '11.8.3' } as const;

/** A session as its engine shows it: MySQL and MariaDB count seconds and do not say when one connected. */
function show(world: World, live: Live): Session {
  const { now, stranger } = world;
  const { consumer } = live.crew;
  const isPostgres = stranger.engine === 'postgres';
  const age = (since: number): number => {
    const ms = Math.max(0, Math.round(now - since));
    return isPostgres ? ms : 1_000 * Math.floor(ms / 1_000);
  };
  const { statement } = consumer.habit;
  return aSession(live.id, {
    ...live.who,
    kind: consumer.as === 'replication' ? 'replication' : 'client',
    superuser: consumer.as === 'superuser',
    state: live.state,
    connectedMs: isPostgres ? age(live.bornAt) : arrivedAgo(world, live),
    stateMs: age(live.since),
    queryMs: age(live.queryAt),
    transactionMs: live.transactionAt === null ? null : age(live.transactionAt),
    transactionMark: live.transactionAt === null ? null : `t-${live.id}-${live.uses}`,
    queryMark: `q-${live.id}-${live.uses}`,
    hasWritten: live.hasWritten,
    statement: { ...statement, isOptedOut: false },
    ...(live.behind !== null && {
      blockedBy: [live.behind.id],
      lockWaitMs: age(live.since),
      wait: { type: 'Lock', event: 'transactionid' },
    }),
  });
}

/** As long ago as the look before it came, at most; null for one that was there before anybody looked. */
function arrivedAgo({ stranger: { watchedSince }, now, looks }: World, { bornAt }: Live): number | null {
  if (bornAt <= watchedSince) return null;
  const sample = watchedSince + MINUTE * Math.floor((bornAt - watchedSince) / MINUTE);
  const look = looks.findLast((at) => at <= bornAt) ?? 0;
  return now - Math.max(sample, look);
}
