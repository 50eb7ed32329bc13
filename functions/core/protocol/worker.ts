import * as z from 'zod/mini';
import { memberName } from '../members/member.ts';
import type { SessionIdentity } from '../server/session.ts';
import type { Admission, Canary, Refusal, Sample, Snapshot } from '../server/snapshot.ts';
import type { CheckFacts, LoginSources } from './check-facts.ts';

const identity = z.object({ server: z.string(), id: z.number(), incarnation: z.string() });

/**
 * What must still be true. The statement that ends the session checks it; if it is not true, the result is `changed`.
 * Null and false mean: not checked.
 */
const expectation = z.object({
  state: z.enum(['active', 'idle', 'idle-in-transaction', 'idle-in-transaction-aborted']),
  /** At least this long in that state. */
  minStateMs: z.number(),
  /** Still in this same transaction. */
  transactionMark: z.nullable(z.string()),
  /** Still on this same query. */
  queryMark: z.nullable(z.string()),
  /** Still ahead of another session in a lock queue. */
  blocksOthers: z.boolean(),
  /** Still holds nothing: see Holding. */
  holdsNothing: z.boolean(),
});

/**
 * `terminate` ends the session. `cancel` cancels its query, waits until the grace ends, and terminates the session only
 * if it is still the same session on the same query.
 */
const endMethod = z.enum(['terminate', 'cancel']);

const sessionToEnd = z.object({ identity, method: endMethod, expect: expectation });

/** Servers accept more than they have slots; 0 would lock the user out. */
const connectionLimit = z.int().check(z.minimum(1), z.maximum(1_000_000));

/** A user, the temporary limit on its connections, and the limit it had before (null: none). */
const userLimit = {
  user: z.string().check(z.minLength(1)),
  limit: connectionLimit,
  before: z.nullable(connectionLimit),
};

/**
 * What every request has. After `deadline` (epoch milliseconds) the worker refuses to act. `member`: which of a
 * cluster's servers it is about; left out where the worker has one server.
 */
const common = { schema: z.number(), deadline: z.number(), member: z.optional(memberName) };

/** `patienceMs` bounds the wait for a free slot. */
export const workerRequest = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('sample'),
    /** Lets the session go when nobody else is connected: an open one keeps a server from pausing. */
    leaveWhenAlone: z.optional(z.boolean()),
  }),
  z.object({
    ...common,
    kind: z.literal('snapshot'),
    patienceMs: z.number(),
    /** One of many, for which nobody waits: it heeds the back-off and takes no second slot, so the canary is not tried. */
    routine: z.optional(z.boolean()),
  }),
  z.object({
    ...common,
    kind: z.literal('end'),
    victims: z.array(sessionToEnd),
    /** For `cancel`: how long a query may take to stop before its session is terminated. */
    graceMs: z.number(),
  }),
  /** Sets the limit if the user still has the one before. */
  z.object({ ...common, kind: z.literal('limit'), ...userLimit }),
  /** Restores the one before if the user still has the temporary limit. */
  z.object({ ...common, kind: z.literal('lift'), ...userLimit }),
  z.object({ ...common, kind: z.literal('check') }),
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
 * `ended`: signalled, and seen to be gone. `cancelled`: its query stopped, the session was left alone. `gone`: it had
 * left before. `changed`: no longer as expected, so left alone. `refused`: by the server, or by the worker's own bounds.
 * `still-there`: signalled, but still there when the time was up. `rolling-back`: ended, but its slot comes free only
 * when its work is undone. `not-tried`: the deadline came first.
 */
export type EndingResult =
  'ended' | 'cancelled' | 'gone' | 'changed' | 'refused' | 'still-there' | 'rolling-back' | 'not-tried';

/** Results after which a session counts against the budgets: it was ended, or may have been. */
export const COUNTING: ReadonlySet<EndingResult> = new Set(['ended', 'cancelled', 'still-there', 'rolling-back']);

export interface Ending {
  readonly identity: SessionIdentity;
  readonly result: EndingResult;
  /** Why it was `refused`, in the server's words or the worker's; otherwise empty. */
  readonly detail: string;
}

/**
 * The result of changing a user's limit, which happens only while the limit has the expected old value. `changed`: it
 * has another value, and nothing was done. `already`: it has the new value already. `gone`: there is no such user.
 * `refused`: the server, the administrator's routine or the worker's own bounds refused.
 */
export type LimitResult = 'done' | 'already' | 'changed' | 'gone' | 'refused';

export interface LimitOutcome {
  readonly result: LimitResult;
  /** The limit now; null when there is none, or when it is not known. */
  readonly current: number | null;
  /** The server's words when `refused`, otherwise empty. */
  readonly detail: string;
}

export type WorkerRefused = {
  readonly schema: number;
  readonly ok: false;
  readonly refusal: Refusal;
  readonly attempts: number;
  readonly waitedMs: number;
};

/** The worker's answer: it got in and did its work, or it says why not. Faults of the worker itself are thrown. */
type WorkerAnswer<T> =
  ({ readonly schema: number; readonly ok: true; readonly admission: Admission } & T) | WorkerRefused;

export type SampleAnswer = WorkerAnswer<{ readonly sample: Sample }>;
export type SnapshotAnswer = WorkerAnswer<{ readonly snapshot: Snapshot }>;
export type EndAnswer = WorkerAnswer<{ readonly endings: readonly Ending[] }>;
export type LimitAnswer = WorkerAnswer<{ readonly limit: LimitOutcome }>;
/** Even a refused check says where its logins are configured: that is where the fix belongs. */
export type CheckAnswer = WorkerAnswer<{ readonly check: CheckFacts; readonly canary: Canary }> & {
  readonly sources: LoginSources;
};
/** Whatever a worker answers. */
export type WorkerReply = SampleAnswer | SnapshotAnswer | EndAnswer | LimitAnswer | CheckAnswer;
