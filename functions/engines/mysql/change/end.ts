import type { Ending, EndMethod, Expectation } from '../../../core/protocol/worker.ts';
import { PREPARED_TRANSACTION, type Session } from '../../../core/server/session.ts';
import type { DetailReader } from '../../shared/looks/details.ts';
import { describeMissing } from '../../../core/server/readiness.ts';
import { endSessions, type Ender, type EndOrder, type Job as AnyJob } from '../../shared/ending.ts';
import { withServerLock } from '../../shared/server-lock.ts';
import { isServerError } from '../connect/connection.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import { contextOf, readLimits, type Responder } from '../look/sample.ts';
import { blockersOf, observe, type Observed, type SessionContext } from '../sessions/sessions.ts';
import { isOnSameStatement, type Stillness } from '../sessions/work.ts';
import { endIfStill } from './end.sql.ts';

const QUERY_MS = 5_000;

type Job = AnyJob<Stillness>;

/** See EngineSession.end. */
export function endUnderLock(responder: Responder, order: EndOrder): Promise<readonly Ending[]> {
  return withServerLock(serverLockOf(responder.connection), async () => {
    const context = contextOf(responder, await readLimits(responder, QUERY_MS));
    return endSessions(createEnder(responder, context, order.deadline), order);
  });
}

function createEnder(responder: Responder, context: SessionContext, deadline: number): Ender<Stillness> {
  return {
    /** The effect of a cancel shows at once, and the end of one blocker may free the waiters of another. */
    goesAlone: ({ expect }, method) => method === 'cancel' || expect.blocksOthers,

    async signal(jobs, method) {
      const { sessions, blocking, unread } = await readNow(responder, context, jobs);
      const unsure: Job[] = [];
      for (const job of jobs) {
        const session = sessions.get(job.victim.identity.id);
        if (session === undefined || !isSame(session, job)) {
          job.result = 'gone';
        } else if (mayBeSpared(session, unread, responder)) {
          job.result = 'refused';
          job.detail = unread.missing.map(describeMissing).join('; ');
        } else if (!isAsExpected(session, job, blocking)) {
          job.result = 'changed';
        } else if (Date.now() < deadline) {
          if (method === 'cancel') job.cancelled = session.stillness;
          await signalOne(responder, session, job, method);
          if (job.result === 'changed') unsure.push(job);
        }
      }
      if (unsure.length === 0) return;
      const left = await readNow(responder, context, unsure);
      for (const job of unsure) if (!left.sessions.has(job.victim.identity.id)) job.result = 'gone';
    },

    async follow(jobs, method) {
      const usage = await responder.reader.readUsage({ ids: idsOf(jobs), withStatements: false }, QUERY_MS);
      const sessions = new Map(observe(usage, null, context).map((found) => [found.session.identity.id, found]));
      // InnoDB has their transactions open, also when they are not listed any more (MySQL without performance_schema).
      const withTransaction = new Set(usage.innodb.map(({ id }) => id));
      return (job) => {
        const { id } = job.victim.identity;
        const session = sessions.get(id);
        if (method === 'terminate') {
          if (session === undefined) return withTransaction.has(id) ? 'undoing' : 'done';
          return session.session.state === 'rolling-back' ? 'undoing' : 'none';
        }
        if (session === undefined || !isStillCancelled(session, job)) return 'done';
        return session.isUndoing ? 'undoing' : 'none';
      };
    },
  };
}

function idsOf(jobs: readonly Job[]): readonly number[] {
  return jobs.map(({ victim }) => victim.identity.id);
}

/** These sessions as they are now, by id, and the ids of all that hold others up. */
async function readNow({ reader }: Responder, context: SessionContext, jobs: readonly Job[]) {
  const usage = await reader.readUsage({ ids: idsOf(jobs), withStatements: true }, QUERY_MS);
  const details = await reader.readDetails(usage, QUERY_MS);
  const sessions = observe(usage, details, context).map((found) => [found.session.identity.id, found] as const);
  return { sessions: new Map(sessions), blocking: blockersOf(usage, details), unread: usage.unread };
}

/** What could not be read may be what would spare it. */
function mayBeSpared({ session }: Observed, unread: DetailReader, { features }: Responder): boolean {
  return session.doubts.includes('holdings') || (!features.isRds && unread.lacks('administrators'));
}

const NO_SUCH_THREAD = 1094;

async function signalOne(
  { connection, features }: Responder,
  { session, stillness }: Observed,
  job: Job,
  method: EndMethod,
): Promise<void> {
  const { sql, values } = endIfStill(features, method, session.identity.id, stillness);
  try {
    await connection.run({ sql }, values, QUERY_MS);
    job.result = 'still-there';
  } catch (error) {
    if (!isServerError(error)) throw error;
    job.result = error.errno === NO_SUCH_THREAD ? 'changed' : 'refused';
    if (job.result === 'refused') job.detail = error.message;
  }
}

/**
 * Connection ids begin again after a restart or failover; the server's identity and the client's address differ then.
 */
function isSame({ session: { identity } }: Observed, { victim }: Job): boolean {
  return identity.server === victim.identity.server && identity.incarnation === victim.identity.incarnation;
}

/** Its query was cancelled, and the session has not noticed yet. */
function isStillCancelled({ stillness }: Observed, { cancelled }: Job): boolean {
  return cancelled !== null && isOnSameStatement(stillness, cancelled);
}

function isAsExpected(found: Observed, job: Job, blocking: ReadonlySet<number>): boolean {
  const { session } = found;
  const { expect } = job.victim;
  return (
    mayBeEnded(session) &&
    isAtTheSame(found, job, expect) &&
    (session.stateMs ?? 0) >= expect.minStateMs &&
    (expect.transactionMark === null || session.transactionMark === expect.transactionMark) &&
    (!expect.blocksOthers || blocking.has(session.identity.id)) &&
    (!expect.holdsNothing || session.holds.length === 0)
  );
}

function mayBeEnded({ kind, own, superuser, identity, doubts, tool }: Session): boolean {
  return (
    kind === 'client' &&
    !own &&
    !superuser &&
    tool === null &&
    !doubts.includes('user') &&
    identity.id !== PREPARED_TRANSACTION
  );
}

/** In the expected state and query; or, once its query was cancelled, still on that query, and not undoing it. */
function isAtTheSame(found: Observed, job: Job, { state, queryMark }: Expectation): boolean {
  const { session } = found;
  if (job.cancelled === null) return session.state === state && (queryMark === null || session.queryMark === queryMark);
  return isStillCancelled(found, job) && (session.state === state || !found.isUndoing);
}
