import type { ConsumerAtLimit, MissingDetail, Snapshot, Visibility } from '../../../core/server/snapshot.ts';
import { PREPARED_TRANSACTION } from '../../../core/server/session.ts';
import { countBy } from '../../../core/words/count-by.ts';
import type { WithoutCanary } from '../../shared/engine.ts';
import { missingIn, type DetailReader } from '../../shared/looks/details.ts';
import { takenBy, type Holder } from '../../shared/server-lock.ts';
import { atLeast, exact } from '../sessions/ages.ts';
import type { Details, Usage } from '../sessions/session-reader.ts';
import { INNODB_STATUS, MOST_PRINTED } from '../sessions/sessions.sql.ts';
import { observe, type Observed } from '../sessions/sessions.ts';
import { describeAll } from '../sessions/xa.ts';
import { latestDeadlock } from './deadlock.ts';
import { DEADLOCKS, type LimitsRow } from './limits.sql.ts';
import { contextOf, readLimits, sampleOf, type Responder } from './sample.ts';
import { readUserLimits } from './user-limits.ts';

/** See EngineSession.snapshot: each table is read once. */
export async function readSnapshot(responder: Responder, timeoutMs: number): Promise<WithoutCanary<Snapshot>> {
  const limits = await readLimits(responder, timeoutMs);
  const userLimits = await readUserLimits(responder, limits, timeoutMs);
  const usage = await responder.reader.readUsage({ ids: null, withStatements: true }, timeoutMs);
  const details = await responder.reader.readDetails(usage, timeoutMs);
  const { innodb, unread } = usage;
  const observed = observe(usage, details, contextOf(responder, limits));
  const deadlocks = await unread.read('counters', 0, countDeadlocks(responder, limits, timeoutMs));
  const latest = await unread.read('deadlock', null, readDeadlock(responder, deadlocks, innodb.length, timeoutMs));
  return {
    ...sampleOf(responder, limits, observed),
    visibility: visibilityOf(responder, unread),
    ...missingIn(unread, responder.features.isUnwatched ? [UNWATCHED] : []),
    ...takenBy(observed.filter(({ session }) => session.identity.id === limits.lock_holder).map(holderOf)),
    sessions: observed.map(({ session }) => session),
    userLimits,
    atLimit: usersAtLimit(observed, details.userLimits, limits.user_limit),
    deadlocks,
    latestDeadlock: latest,
    preparedTransactions: preparedIn(usage, details),
  };
}

const UNWATCHED: MissingDetail = {
  detail: 'tracking',
  why: 'it has no room for any of them; see performance_schema_max_thread_instances',
};

/** Who may not be told from an administrator is as good as not seen; on RDS the policy can say who is one. */
function visibilityOf({ features }: Responder, unread: DetailReader): Visibility {
  const { visibility, isRds } = features;
  return {
    ...visibility,
    seesSessions: visibility.seesSessions && (isRds || !unread.lacks('administrators')),
    seesBlockers: visibility.seesBlockers && !unread.lacks('blockers'),
  };
}

/** The names come from XA RECOVER, ages from InnoDB, and owners from performance_schema while their session is there. */
function preparedIn(
  { innodb, openTransactions, threads, processes }: Usage,
  { xids, prepared }: Details,
): Snapshot['preparedTransactions'] {
  const ages = innodb
    .filter(({ id }) => id === PREPARED_TRANSACTION || prepared.has(id))
    .map(({ age_s }) => atLeast(age_s) ?? 0);
  const owners = processes.flatMap(({ id, user, database }) => {
    const open = openTransactions.get(threads.get(id) ?? -1);
    const owner = { owner: user ?? '', database: database ?? '', ageMs: exact(open?.age_ms) ?? 0 };
    return open?.xid == null ? [] : [[open.xid, owner] as const];
  });
  return describeAll(xids, ages, new Map(owners));
}

/** An executor logs in as the responder. */
function holderOf({ session, login }: Observed): Holder {
  const { identity, user, application, client } = session;
  return { id: identity.id, user, application, client, isExecutor: login === 'responder' };
}

/** A user without a limit of its own has the server's for all users; 0 is none. */
function usersAtLimit(
  observed: readonly Observed[],
  limits: ReadonlyMap<string, number>,
  limitOfAll: number,
): readonly ConsumerAtLimit[] {
  const users = observed.flatMap(({ session: { user, superuser }, takesSlot }) =>
    user === null || superuser || !takesSlot ? [] : [user],
  );
  return [...countBy(users, (user) => user)].flatMap(([name, sessions]) => {
    const limit = limits.get(name) ?? limitOfAll;
    return limit > 0 && sessions >= limit ? [{ of: 'user' as const, name, limit }] : [];
  });
}

async function countDeadlocks(
  { connection, features }: Responder,
  limits: LimitsRow,
  timeoutMs: number,
): Promise<number> {
  if (features.engine === 'mariadb' || !features.hasTransactions) return limits.deadlocks;
  const [row] = await connection.query(DEADLOCKS, [], timeoutMs);
  return row?.deadlocks ?? 0;
}

async function readDeadlock(
  { connection, features, options }: Responder,
  deadlocks: number,
  transactions: number,
  timeoutMs: number,
): Promise<Snapshot['latestDeadlock']> {
  if (deadlocks === 0 || transactions > MOST_PRINTED || !features.hasTransactions) return null;
  const [row] = await connection.query(INNODB_STATUS, [], timeoutMs);
  return row === undefined ? null : latestDeadlock(row.Status, options.statements);
}
