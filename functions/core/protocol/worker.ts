import * as z from 'zod/mini';
import type { SessionIdentity } from '../server/session.ts';
import type { Admission, Canary, Refusal, Sample, Snapshot } from '../server/snapshot.ts';
import type { CheckFacts, LoginSources } from './check-facts.ts';

const identity = z.object({ server: z.string(), id: z.number(), incarnation: z.string() });

/**
 * What must still hold, read by the very statement that ends the session; otherwise the answer is `changed`.
 * Null and false mean: not asked.
 */
const expectation = z.object({
  state: z.enum(['active', 'idle', 'idle-in-transaction', 'idle-in-transaction-aborted']),
  /** At least this long in that state. */
  minStateMs: z.number(),
  /** Still in this very transaction. */
  transactionMark: z.nullable(z.string()),
  /** Still on this very query. */
  queryMark: z.nullable(z.string()),
  /** Still ahead of somebody in a lock queue. */
  blocksOthers: z.boolean(),
  /** Still holds no advisory lock, LISTEN or the like. */
  holdsNothing: z.boolean(),
});

/**
 * `terminate` ends the session. `cancel` cancels its query, looks until the grace ends and terminates only the same
 * session still on the same query.
 */
const endMethod = z.enum(['terminate', 'cancel']);

const sessionToEnd = z.object({ identity, method: endMethod, expect: expectation });

/** PostgreSQL and MySQL take more than any server has slots; 0 would lock the user out. */
const connectionLimit = z.int().check(z.minimum(1), z.maximum(1_000_000));

/** A user, the temporary limit on its connections, and the one it has without it (null: none). */
const userLimit = {
  user: z.string().check(z.minLength(1)),
  limit: connectionLimit,
  before: z.nullable(connectionLimit),
};

/** `deadline` is epoch milliseconds; past it the worker refuses to act. `patienceMs` bounds the wait for a freed slot. */
export const workerRequest = z.discriminatedUnion('kind', [
  z.object({ schema: z.number(), kind: z.literal('sample'), deadline: z.number() }),
  z.object({ schema: z.number(), kind: z.literal('snapshot'), deadline: z.number(), patienceMs: z.number() }),
  z.object({
    schema: z.number(),
    kind: z.literal('end'),
    deadline: z.number(),
    victims: z.array(sessionToEnd),
    /** For `cancel`: how long a query may take to stop before its session is terminated. */
    graceMs: z.number(),
  }),
  /** Sets the limit if the one before still stands. */
  z.object({ schema: z.number(), kind: z.literal('limit'), deadline: z.number(), ...userLimit }),
  /** Puts the one before back if the limit still stands. */
  z.object({ schema: z.number(), kind: z.literal('lift'), deadline: z.number(), ...userLimit }),
  z.object({ schema: z.number(), kind: z.literal('check'), deadline: z.number() }),
]);

export type WorkerRequest = z.infer<typeof workerRequest>;
export type SampleRequest = Extract<WorkerRequest, { kind: 'sample' }>;
export type SnapshotRequest = Extract<WorkerRequest, { kind: 'snapshot' }>;
export type EndRequest = Extract<WorkerRequest, { kind: 'end' }>;
export type LimitRequest = Extract<WorkerRequest, { kind: 'limit' }>;
export type LiftRequest = Extract<WorkerRequest, { kind: 'lift' }>;
export type CheckRequest = Extract<WorkerRequest, { kind: 'check' }>;
export type SessionToEnd = z.infer<typeof sessionToEnd>;
export type Expectation = z.infer<typeof expectation>;
export type EndMethod = z.infer<typeof endMethod>;

/**
 * `ended`: looked again and it is gone. `cancelled`: the query stopped, its session was left alone. `gone`: was not there any more.
 * `changed`: there, but no longer as expected, so left alone. `refused`: the server did not let us. `still-there`:
 * signalled, but seen again when the time to look was over. `rolling-back`: ended, but its slot comes free only when its
 * work is undone. `not-tried`: the deadline came first.
 */
export type EndingResult =
  'ended' | 'cancelled' | 'gone' | 'changed' | 'refused' | 'still-there' | 'rolling-back' | 'not-tried';

export interface Ending {
  readonly identity: SessionIdentity;
  readonly result: EndingResult;
  /** The server's words for `refused`; empty otherwise. */
  readonly detail: string;
}

/**
 * What became of a change of a user's limit, which is made only when the value it starts from still stands. `changed`: it does
 * not, and nothing was done. `already`: the value it leads to stands already. `gone`: there is no such user. `refused`: the
 * server or the administrator's routine would not.
 */
export type LimitResult = 'done' | 'already' | 'changed' | 'gone' | 'refused';

export interface LimitOutcome {
  readonly result: LimitResult;
  /** The limit as it stands now; null when there is none, or when it is not known. */
  readonly current: number | null;
  /** The server's words for `refused`; empty otherwise. */
  readonly detail: string;
}

export type WorkerRefused = {
  readonly schema: number;
  readonly ok: false;
  readonly refusal: Refusal;
  readonly attempts: number;
  readonly waitedMs: number;
};

/** The worker's answer: it got in and did what was asked, or it says why not. Faults of the worker itself are thrown. */
export type WorkerAnswer<T> =
  ({ readonly schema: number; readonly ok: true; readonly admission: Admission } & T) | WorkerRefused;

export type SampleAnswer = WorkerAnswer<{ readonly sample: Sample }>;
export type SnapshotAnswer = WorkerAnswer<{ readonly snapshot: Snapshot }>;
export type EndAnswer = WorkerAnswer<{ readonly endings: readonly Ending[] }>;
export type LimitAnswer = WorkerAnswer<{ readonly limit: LimitOutcome }>;
/** A check that is refused tells where its logins came from too: that is where the fix is. */
export type CheckAnswer = WorkerAnswer<{ readonly check: CheckFacts; readonly canary: Canary }> & {
  readonly sources: LoginSources;
};
