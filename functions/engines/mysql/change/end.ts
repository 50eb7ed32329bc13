import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending, EndingResult, EndRequest, SessionToEnd } from '../../../core/protocol/worker.ts';
import { PREPARED_TRANSACTION } from '../../../core/server/session.ts';
import { isServerError } from '../connect/connection.ts';
import { withServerLock } from '../connect/server-lock.ts';
import { contextOf, readLimits, type Inside } from '../look/sample.ts';
import {
  blockersOf,
  isOnSameStatement,
  observe,
  type Context,
  type Observed,
  type Stillness,
} from '../sessions/sessions.ts';
import { endIfStill } from './end.sql.ts';

/** Sessions per look: few enough that the oldest look is recent. A cancel's effect shows at once; a blocker may have freed its waiters. */
const CHUNK = 100;
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
  /** What it was at when its query was cancelled. */
  cancelled: Stillness | null;
}

/** See EngineSession.end. */
export async function endSessions(
  inside: Inside,
  { victims, graceMs, deadline }: EndOrder,
): Promise<readonly Ending[]> {
  const jobs = victims.map((victim): Job => ({ victim, result: null, detail: '', cancelled: null }));
  await withServerLock(inside.connection, async () => {
    const ender = enderOver(inside, contextOf(inside, await readLimits(inside, QUERY_MS)), deadline);
    const cancelled = jobs.filter(({ victim }) => victim.method === 'cancel');
    const terminated = jobs.filter(({ victim }) => victim.method === 'terminate');
    await ender.signal(cancelled, 'cancel');
    const graceEnds = Date.now() + graceMs;
    await ender.signal(terminated, 'terminate');
    await ender.lookUntilGone(terminated);
    await ender.lookUntilStopped(cancelled, Math.min(graceEnds, deadline));

    const stubborn = cancelled.filter(({ result }) => result === 'still-there');
    if (Date.now() >= deadline || stubborn.length === 0) return;
    await ender.signal(stubborn, 'terminate');
    for (const job of stubborn) {
      // Between our last look and this signal the query stopped after all.
      if (job.result === 'changed') job.result = 'cancelled';
      if (job.result === 'gone') job.result = 'ended';
    }
    await ender.lookUntilGone(stubborn);
  });
  return jobs.map(({ victim, result, detail }) => ({
    identity: victim.identity,
    result: result ?? 'not-tried',
    detail,
  }));
}

function enderOver(inside: Inside, context: Context, deadline: number) {
  const { connection, features, lookout } = inside;

  /** Leaves `still-there` on every job whose signal went out, and the final result on every other. */
  const signal = async (jobs: readonly Job[], method: SessionToEnd['method']) => {
    for (const chunk of chunksOf(jobs, method)) {
      if (Date.now() >= deadline) return;
      await signalChunk(chunk, method);
    }
  };

  const signalChunk = async (jobs: readonly Job[], method: SessionToEnd['method']) => {
    const seen = await look(jobs);
    const unsure: Job[] = [];
    for (const job of jobs) {
      const session = seen.sessions.get(job.victim.identity.id);
      if (session === undefined || !isSame(session, job)) {
        job.result = 'gone';
      } else if (!isAsExpected(session, job, seen.blocking)) {
        job.result = 'changed';
      } else if (Date.now() < deadline) {
        if (method === 'cancel') job.cancelled = session.stillness;
        await signalOne(session, job, method);
        if (job.result === 'changed') unsure.push(job);
      }
    }
    if (unsure.length === 0) return;
    const left = await look(unsure);
    for (const job of unsure) if (!left.sessions.has(job.victim.identity.id)) job.result = 'gone';
  };

  const look = async (jobs: readonly Job[]) => {
    const ids = jobs.map(({ victim }) => victim.identity.id);
    const usage = await lookout.usage({ ids, withStatements: false }, QUERY_MS);
    const details = await lookout.details(usage, QUERY_MS);
    const sessions = observe(usage, details, context).map((found) => [found.session.identity.id, found] as const);
    return { sessions: new Map(sessions), blocking: blockersOf(usage, details) };
  };

  const signalOne = async ({ session, stillness }: Observed, job: Job, method: SessionToEnd['method']) => {
    const { sql, values } = endIfStill(features, method, session.identity.id, stillness);
    try {
      await connection.run({ sql }, values, QUERY_MS);
      job.result = 'still-there';
    } catch (error) {
      if (!isServerError(error)) throw error;
      job.result = error.errno === NO_SUCH_THREAD ? 'changed' : 'refused';
      if (job.result === 'refused') job.detail = error.message;
    }
  };

  /** Polls until every signalled session has gone (then it is `ended`) or the time is over. */
  const lookUntilGone = async (jobs: readonly Job[]) => {
    await poll(jobs, Math.min(Date.now() + LOOK_MS, deadline), (job, { found, isUndoing }, isLast) => {
      if (found === undefined && !isUndoing) job.result = 'ended';
      else if (isLast && (found === undefined || found.session.state === 'rolling-back')) job.result = 'rolling-back';
    });
  };

  /** Polls until every cancelled query has stopped, be it that its client left too, or the time is over. */
  const lookUntilStopped = async (jobs: readonly Job[], until: number) => {
    await poll(jobs, until, (job, { found }, isLast) => {
      if (found === undefined || !isStillCancelled(found, job)) job.result = 'cancelled';
      else if (isLast && found.isUndoing) job.result = 'rolling-back';
    });
  };

  const poll = async (jobs: readonly Job[], until: number, judge: (job: Job, seen: Seen, isLast: boolean) => void) => {
    for (let pauseMs: number = POLL_MS.first; ; pauseMs = Math.min(2 * pauseMs, POLL_MS.most)) {
      const open = jobs.filter(({ result }) => result === 'still-there');
      if (open.length === 0) return;
      const ids = open.map(({ victim }) => victim.identity.id);
      const usage = await lookout.usage({ ids, withStatements: false }, QUERY_MS);
      const found = new Map(observe(usage, null, context).map((each) => [each.session.identity.id, each]));
      const undoing = new Set(usage.innodb.map(({ id }) => id));
      const isLast = Date.now() >= until;
      for (const job of open) {
        const { id } = job.victim.identity;
        judge(job, { found: found.get(id), isUndoing: undoing.has(id) }, isLast);
      }
      if (isLast) return;
      if (open.some(({ result }) => result === 'still-there')) await sleep(pauseMs);
    }
  };

  return { signal, lookUntilGone, lookUntilStopped };
}

/** `isUndoing`: InnoDB has a transaction of it open, also when it is not listed any more (MySQL without performance_schema). */
interface Seen {
  readonly found: Observed | undefined;
  readonly isUndoing: boolean;
}

const NO_SUCH_THREAD = 1094;

function* chunksOf(jobs: readonly Job[], method: SessionToEnd['method']): Iterable<readonly Job[]> {
  const single = method === 'cancel' ? jobs : jobs.filter(({ victim }) => victim.expect.blocksOthers);
  for (const job of single) yield [job];
  const others = jobs.filter((job) => !single.includes(job));
  for (let first = 0; first < others.length; first += CHUNK) yield others.slice(first, first + CHUNK);
}

/** Connection ids come round again after a restart or failover; the server's identity and the client's address tell. */
function isSame({ session: { identity } }: Observed, { victim }: Job): boolean {
  return identity.server === victim.identity.server && identity.incarnation === victim.identity.incarnation;
}

/** Its query was cancelled, and it has not heard it yet. */
function isStillCancelled({ stillness }: Observed, { cancelled }: Job): boolean {
  return cancelled !== null && isOnSameStatement(stillness, cancelled);
}

function isAsExpected(found: Observed, job: Job, blocking: ReadonlySet<number>): boolean {
  const { session } = found;
  const { expect } = job.victim;
  const isStubborn = !found.isUndoing && isStillCancelled(found, job);
  return (
    session.kind === 'client' &&
    !session.own &&
    !session.superuser &&
    session.identity.id !== PREPARED_TRANSACTION &&
    (session.state === expect.state || isStubborn) &&
    (session.stateMs ?? 0) >= expect.minStateMs &&
    (expect.transactionMark === null || session.transactionMark === expect.transactionMark) &&
    (job.cancelled === null
      ? expect.queryMark === null || session.queryMark === expect.queryMark
      : isStillCancelled(found, job)) &&
    (!expect.blocksOthers || blocking.has(session.identity.id)) &&
    (!expect.holdsNothing || session.holds.length === 0)
  );
}
