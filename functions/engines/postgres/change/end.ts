import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type * as z from 'zod/mini';
import type { Ending, EndingResult, EndRequest, SessionToEnd } from '../../../core/protocol/worker.ts';
import type { Connection } from '../connect/connection.ts';
import { withServerLock } from '../connect/server-lock.ts';
import { LISTEN_PATTERN } from '../look/sessions.sql.ts';
import { SQL_STATE } from '../look/states.ts';
import { SIGNAL, STILL_THERE } from './end.sql.ts';

/** Sessions per statement: few enough that each is looked at right before its signal. A cancel's effect shows at once. */
const CHUNK = { terminate: 100, cancel: 1 } as const;
const QUERY_MS = 5_000;
/** How long to look whether terminated sessions are gone. */
const LOOK_MS = 3_000;
/** Between two looks: short at first, then longer. */
const POLL_MS = { first: 5, most: 100 } as const;

type EndOrder = Pick<EndRequest, 'victims' | 'graceMs' | 'deadline'>;

interface Job {
  readonly victim: SessionToEnd;
  result: EndingResult | null;
  detail: string;
  /** The query that was running when the signal went out. */
  queryMark: string | null;
}

/** See EngineSession.end. */
export async function endSessions(
  connection: Connection,
  ownUsers: readonly string[],
  { victims, graceMs, deadline }: EndOrder,
): Promise<readonly Ending[]> {
  const jobs = victims.map((victim): Job => ({ victim, result: null, detail: '', queryMark: null }));
  const signal = (wanted: readonly Job[], method: SessionToEnd['method']) =>
    signalAll(connection, ownUsers, wanted, method, deadline);
  await withServerLock(connection, async () => {
    const cancelled = jobs.filter(({ victim }) => victim.method === 'cancel');
    const terminated = jobs.filter(({ victim }) => victim.method === 'terminate');
    await signal(cancelled, 'cancel');
    const graceEnds = Date.now() + graceMs;
    await signal(terminated, 'terminate');
    await lookUntilGone(connection, terminated, Math.min(Date.now() + LOOK_MS, deadline));
    await lookUntilStopped(connection, cancelled, Math.min(graceEnds, deadline));

    const stubborn = cancelled.filter(({ result }) => result === 'still-there');
    if (Date.now() >= deadline || stubborn.length === 0) return;
    await signal(stubborn, 'terminate');
    for (const job of stubborn) {
      // Between our last look and this signal the query stopped after all.
      if (job.result === 'changed') job.result = 'cancelled';
      if (job.result === 'gone') job.result = 'ended';
    }
    await lookUntilGone(connection, stubborn, Math.min(Date.now() + LOOK_MS, deadline));
  });
  return jobs.map(({ victim, result, detail }) => ({
    identity: victim.identity,
    result: result ?? 'not-tried',
    detail,
  }));
}

/** Leaves `still-there` on every job whose signal went out, and the final result on every other. */
async function signalAll(
  connection: Connection,
  ownUsers: readonly string[],
  jobs: readonly Job[],
  method: SessionToEnd['method'],
  deadline: number,
): Promise<void> {
  for (let first = 0; first < jobs.length; first += CHUNK[method]) {
    const chunk = jobs.slice(first, first + CHUNK[method]);
    if (Date.now() >= deadline) return;
    const refusal = await signalChunk(connection, ownUsers, chunk, method);
    if (refusal === null) continue;
    for (const job of chunk) {
      if (Date.now() >= deadline) return;
      const itsOwn = await signalChunk(connection, ownUsers, [job], method);
      if (itsOwn !== null) {
        job.result = 'refused';
        job.detail = itsOwn;
      } else if (job.result === 'gone') {
        // Ended by the statement that was refused further on.
        job.result = 'ended';
      }
    }
  }
}

/** Null, or the server's words when it may not signal one of them; then it is not known which, and who was signalled. */
async function signalChunk(
  connection: Connection,
  ownUsers: readonly string[],
  jobs: readonly Job[],
  method: SessionToEnd['method'],
): Promise<string | null> {
  const wanted = JSON.stringify(jobs.map((job) => wantedRow(job, method)));
  const values = [wanted, LISTEN_PATTERN, ownUsers];
  let rows: readonly z.infer<typeof SIGNAL.row>[];
  try {
    rows = await connection.query(SIGNAL, values, QUERY_MS);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42501') return error.message;
    throw error;
  }
  const found = new Map(rows.map((row) => [row.pid, row]));
  for (const job of jobs) {
    const row = found.get(job.victim.identity.id);
    if (row === undefined) job.result = 'gone';
    else if (!row.as_expected) job.result = 'changed';
    // False: it ended between the look and the signal.
    else job.result = row.signalled === true ? 'still-there' : 'gone';
    if (method === 'cancel') job.queryMark = row?.query_mark ?? null;
  }
  return null;
}

function wantedRow({ victim: { identity, expect }, queryMark }: Job, method: SessionToEnd['method']) {
  return {
    pid: identity.id,
    server: identity.server,
    incarnation: identity.incarnation,
    cancel: method === 'cancel',
    state: SQL_STATE[expect.state],
    min_state_ms: expect.minStateMs,
    transaction_mark: expect.transactionMark,
    query_mark: queryMark ?? expect.queryMark,
    blocks_others: expect.blocksOthers,
    holds_nothing: expect.holdsNothing,
  };
}

/** Polls until every signalled session is gone (then it is `ended`) or the time is over. */
async function lookUntilGone(connection: Connection, jobs: readonly Job[], until: number): Promise<void> {
  await poll(connection, jobs, until, (job, row) => {
    if (row === undefined) job.result = 'ended';
  });
}

/** Polls until every cancelled query has stopped, be it that its client left too, or the time is over. */
async function lookUntilStopped(connection: Connection, jobs: readonly Job[], until: number): Promise<void> {
  await poll(connection, jobs, until, (job, row) => {
    if (row?.state !== 'active' || row.query_mark !== job.queryMark) job.result = 'cancelled';
  });
}

async function poll(
  connection: Connection,
  jobs: readonly Job[],
  until: number,
  judge: (job: Job, row: { readonly state: string | null; readonly query_mark: string | null } | undefined) => void,
): Promise<void> {
  for (let pauseMs: number = POLL_MS.first; ; pauseMs = Math.min(2 * pauseMs, POLL_MS.most)) {
    const open = jobs.filter(({ result }) => result === 'still-there');
    if (open.length === 0) return;
    const wanted = JSON.stringify(
      open.map(({ victim: { identity } }) => ({
        pid: identity.id,
        server: identity.server,
        incarnation: identity.incarnation,
      })),
    );
    const rows = new Map((await connection.query(STILL_THERE, [wanted], QUERY_MS)).map((row) => [row.pid, row]));
    for (const job of open) judge(job, rows.get(job.victim.identity.id));
    if (Date.now() >= until) return;
    if (open.some(({ result }) => result === 'still-there')) await sleep(pauseMs);
  }
}
