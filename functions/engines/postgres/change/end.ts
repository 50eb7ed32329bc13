import pg from 'pg';
import type { Ending, EndMethod } from '../../../core/protocol/worker.ts';
import { RDS_LOGINS } from '../../../core/server/session.ts';
import { OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import { endSessions, type Ender, type EndOrder, type Job as AnyJob } from '../../shared/ending.ts';
import { withServerLock } from '../../shared/server-lock.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import { SQL_STATE } from '../look/states.ts';
import { signal as signalStatement, STILL_THERE } from './end.sql.ts';

const QUERY_MS = 5_000;

/** A query is recognised by when it began. */
type Job = AnyJob<string>;

/** See EngineSession.end. */
export function endUnderLock(
  connection: ServerConnection,
  ownUsers: readonly string[],
  order: EndOrder,
): Promise<readonly Ending[]> {
  return withServerLock(serverLockOf(connection), () =>
    endSessions(createEnder(connection, ownUsers, order.deadline), order),
  );
}

function createEnder(connection: ServerConnection, ownUsers: readonly string[], deadline: number): Ender<string> {
  return {
    /** The effect of a cancel shows at once, and the end of one transaction may free the waiters of another. */
    goesAlone: ({ expect }, method) => method === 'cancel' || expect.blocksOthers || expect.state !== 'idle',

    async signal(jobs, method) {
      const signal = (some: readonly Job[]) => signalTogether(connection, ownUsers, some, method);
      if ((await signal(jobs)) === null) return;
      for (const job of jobs) {
        if (Date.now() >= deadline) return;
        const refusal = await signal([job]);
        if (refusal !== null) {
          job.result = 'refused';
          job.detail = refusal;
        } else if (job.result === 'gone') {
          // Ended by the statement that was refused further on.
          job.result = 'ended';
        }
      }
    },

    async follow(jobs, method) {
      const wanted = JSON.stringify(jobs.map(identityRow));
      const rows = await connection.query(STILL_THERE, [wanted], QUERY_MS);
      const found = new Map(rows.map((row) => [row.pid, row]));
      return ({ victim, cancelled }) => {
        const row = found.get(victim.identity.id);
        // A query stops too when its client leaves.
        const isOnQuery = row?.state === 'active' && row.query_mark === cancelled;
        const isOver = method === 'cancel' ? !isOnQuery : row === undefined;
        return isOver ? 'done' : 'none';
      };
    },
  };
}

/**
 * Null, or the server's words when it may not signal one of these sessions. Then it is not known which one, nor which
 * of the others were signalled.
 */
async function signalTogether(
  connection: ServerConnection,
  ownUsers: readonly string[],
  jobs: readonly Job[],
  method: EndMethod,
): Promise<string | null> {
  const wanted = JSON.stringify(jobs.map(wantedRow));
  const answer = await connection
    .query(signalStatement(method), [wanted, ownUsers, RDS_LOGINS, OWN_APPLICATION], QUERY_MS)
    .catch((error: unknown) => {
      if (error instanceof pg.DatabaseError && error.code === '42501') return error.message;
      throw error;
    });
  if (typeof answer === 'string') return answer;
  const foundBy = new Map(answer.map(({ pid, found }) => [pid, found]));
  for (const job of jobs) {
    const found = foundBy.get(job.victim.identity.id);
    if (found == null) job.result = 'gone';
    else if (!found.asExpected) job.result = 'changed';
    // False: it ended between the check and the signal.
    else job.result = found.signalled === true ? 'still-there' : 'gone';
    if (method === 'cancel') job.cancelled = found?.queryMark ?? null;
  }
  return null;
}

function wantedRow(job: Job) {
  const { expect } = job.victim;
  return {
    ...identityRow(job),
    state: SQL_STATE[expect.state],
    min_state_ms: expect.minStateMs,
    transaction_mark: expect.transactionMark,
    query_mark: job.cancelled ?? expect.queryMark,
    blocks_others: expect.blocksOthers,
    holds_nothing: expect.holdsNothing,
  };
}

function identityRow({ victim: { identity } }: Job) {
  return { pid: identity.id, server: identity.server, incarnation: identity.incarnation };
}
