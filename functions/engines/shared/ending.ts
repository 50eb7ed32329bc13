import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending, EndingResult, EndMethod, EndRequest, SessionToEnd } from '../../core/protocol/worker.ts';

export type EndOrder = Pick<EndRequest, 'victims' | 'graceMs' | 'deadline'>;

/** One session to end, and how far that has come. `Mark`: how an engine recognises the query that it cancelled. */
export interface Job<Mark> {
  readonly victim: SessionToEnd;
  /** Null: not tried. `still-there`: signalled, and not seen to end yet. */
  result: EndingResult | null;
  /** The server's words for `refused`; empty otherwise. */
  detail: string;
  /** The query that was running when it was cancelled; null before that. */
  cancelled: Mark | null;
}

/** What a signal has led to so far: to its end, to work that is being undone first, or to nothing yet. */
type Effect = 'done' | 'undoing' | 'none';

/** How an engine ends sessions. Nothing is signalled past the deadline that it was created with. */
export interface Ender<Mark> {
  /** Whether a session is signalled by itself, because the signals right before it could change what it does. */
  goesAlone(victim: SessionToEnd, method: EndMethod): boolean;
  /**
   * Signals what still is as expected. Leaves `still-there` on every job whose signal went out, and the final result on
   * every other; none on those that the deadline left out.
   */
  signal(jobs: readonly Job<Mark>[], method: EndMethod): Promise<void>;
  /** Reads signalled sessions again, to see what each signal has led to. */
  follow(jobs: readonly Job<Mark>[], method: EndMethod): Promise<(job: Job<Mark>) => Effect>;
}

/** Sessions per signal: few enough that the deadline is looked at often. `npm run bench -- moment` measures the size. */
const CHUNK = 100;
/** How long terminated sessions may take to go. */
const GOING_MS = 3_000;
/** Between two reads: short at first, then longer. */
const PAUSE_MS = { first: 5, most: 100 } as const;

/**
 * See EngineSession.end; under the server-side lock. This is where the end of every session is proved, whatever the
 * engine: what was signalled is read again until it is gone, or the time is over.
 */
export async function endSessions<Mark>(
  ender: Ender<Mark>,
  { victims, graceMs, deadline }: EndOrder,
): Promise<readonly Ending[]> {
  const jobs = victims.map((victim): Job<Mark> => ({ victim, result: null, detail: '', cancelled: null }));
  const toCancel = jobs.filter(({ victim }) => victim.method === 'cancel');
  const toTerminate = jobs.filter(({ victim }) => victim.method === 'terminate');
  await signalInChunks(ender, toCancel, 'cancel', deadline);
  const graceEnds = Date.now() + graceMs;
  await signalInChunks(ender, toTerminate, 'terminate', deadline);
  await followUntil(ender, toTerminate, 'terminate', Math.min(Date.now() + GOING_MS, deadline));
  await followUntil(ender, toCancel, 'cancel', Math.min(graceEnds, deadline));
  await terminateStubborn(ender, toCancel, deadline);
  return jobs.map(({ victim: { identity }, result, detail }) => ({ identity, result: result ?? 'not-tried', detail }));
}

/** Ends the sessions whose query ignored its cancellation: those that are still on that query. */
async function terminateStubborn<Mark>(
  ender: Ender<Mark>,
  cancelled: readonly Job<Mark>[],
  deadline: number,
): Promise<void> {
  const stubborn = cancelled.filter(isOpen);
  if (Date.now() >= deadline || stubborn.length === 0) return;
  await signalInChunks(ender, stubborn, 'terminate', deadline);
  for (const job of stubborn) {
    // Between the last read and this signal the query stopped after all.
    if (job.result === 'changed') job.result = 'cancelled';
    if (job.result === 'gone') job.result = 'ended';
  }
  await followUntil(ender, stubborn, 'terminate', Math.min(Date.now() + GOING_MS, deadline));
}

async function signalInChunks<Mark>(
  ender: Ender<Mark>,
  jobs: readonly Job<Mark>[],
  method: EndMethod,
  deadline: number,
): Promise<void> {
  const alone = jobs.filter(({ victim }) => ender.goesAlone(victim, method));
  const together = jobs.filter((job) => !alone.includes(job));
  const chunks = alone.map((job) => [job]);
  for (let first = 0; first < together.length; first += CHUNK) chunks.push(together.slice(first, first + CHUNK));
  for (const chunk of chunks) {
    if (Date.now() >= deadline) return;
    await ender.signal(chunk, method);
  }
}

/** Reads again until every signal has led to its end, or the time is over. */
async function followUntil<Mark>(
  ender: Ender<Mark>,
  jobs: readonly Job<Mark>[],
  method: EndMethod,
  until: number,
): Promise<void> {
  for (let pauseMs: number = PAUSE_MS.first; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS.most)) {
    const open = jobs.filter(isOpen);
    if (open.length === 0) return;
    const effectOn = await ender.follow(open, method);
    const isLast = Date.now() >= until;
    for (const job of open) {
      const effect = effectOn(job);
      if (effect === 'done') job.result = method === 'cancel' ? 'cancelled' : 'ended';
      if (effect === 'undoing' && isLast) job.result = 'rolling-back';
    }
    if (isLast) return;
    if (open.some(isOpen)) await sleep(pauseMs);
  }
}

function isOpen({ result }: Job<unknown>): boolean {
  return result === 'still-there';
}
