import { engineEntry } from '../../../functions/engines/registry.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { WorkerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import type {
  Ending,
  Expectation,
  LimitOutcome,
  SessionToEnd,
  WorkerRefused,
} from '../../../functions/core/protocol/worker.ts';
import type { Session } from '../../../functions/core/server/session.ts';
import type { EngineName, Sample, Snapshot } from '../../../functions/core/server/snapshot.ts';
import { parseLoginUrl } from '../../../functions/engines/shared/doors/login-url.ts';
import type { Login, TlsSettings } from '../../../functions/engines/shared/engine.ts';
import { createWorker, type Worker } from '../../../functions/worker/worker.ts';
import { byUrl } from '../../support/by-url.ts';

/** A real server as the contract suite needs it. Every engine has one. */
export interface Stage {
  readonly engine: EngineName;
  readonly major: number;
  readonly host: string;
  readonly port: number;
  readonly responderUrl: string;
  readonly canaryUrl: string;
  /** A login with the responder's rights to log in, and no other. */
  readonly blindUrl: string;
  readonly maxConnections: number;
  /** Slots ordinary clients never get. */
  readonly reserved: number;
  /** Slots beyond the limit, for administrators. */
  readonly beyond: number;
  /** The responder may use some of them, or one beyond all others. */
  readonly responderHasReserve: boolean;
  readonly shows: Shown;
  /** Runs a statement as an administrator. */
  administer(sql: string): Promise<void>;
  /** A session of the ordinary application user, or of an administrator. */
  open(options?: OpenOptions): Promise<StageClient>;
  /** Opens sessions until this login is refused. */
  fill(as?: OpenOptions['as']): Promise<StageClient[]>;
  /** The same URL with another part. */
  withUrl(
    url: string,
    part: { readonly password?: string; readonly database?: string; readonly user?: string },
  ): string;
  /** Allows a user of its own this many sessions, and returns a URL for it. */
  limitedUrl(sessions: number): Promise<string>;
  /** A user with a hostile name whose connections the responder may limit, and what an administrator sees of it. */
  readonly limitable: LimitableUser;
  /**
   * Takes the right to end sessions away, and leaves that to end sessions of `app` where the server can tell them
   * apart. Sessions of `other-app` are opened before.
   */
  restrictSignals(isRestricted: boolean): Promise<void>;
  restart(): Promise<void>;
  /** Sessions opened through `open` and `fill` are closed. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export interface LimitableUser {
  readonly name: string;
  open(): Promise<StageClient>;
  /** Null: no limit. */
  readLimit(): Promise<number | null>;
  setLimit(limit: number | null): Promise<void>;
}

/** What the server shows, and how exactly. The tests say what is true where it shows less. */
interface Shown {
  /** Sessions of others to a login that may see nothing but its own. */
  readonly othersToTheBlind: boolean;
  /** Since when a session is connected. */
  readonly connectionAge: boolean;
  readonly application: boolean;
  /** The last statement of a session that is idle. */
  readonly lastStatement: boolean;
  /** A failed transaction is open until its client ends it. */
  readonly failedTransactions: boolean;
  /** Who is ahead of a waiter. */
  readonly blockers: boolean;
  /** Advisory locks. */
  readonly holdings: boolean;
  /** How far ages and marks may be off. */
  readonly precisionMs: number;
  /** How far the time since a lock was asked for may be off. */
  readonly lockWaitPrecisionMs: number;
  /** How long a session has been idle in a transaction. */
  readonly idleInTransactionAge: boolean;
  /** Rows that a transaction has changed are counted. */
  readonly rowsModified: boolean;
  /** The server may refuse to end one session and agree to end another. */
  readonly refusesByUser: boolean;
}

export interface OpenOptions {
  readonly as?: 'app' | 'other-app' | 'administrator';
  readonly application?: string;
  readonly database?: 'main' | 'second';
}

/** One client's session. `start…` returns when the server shows it, not when it is done. */
export interface StageClient {
  readonly id: number;
  /** Still connected, as the client sees it. */
  readonly isOpen: boolean;
  query(sql: string): Promise<void>;
  begin(): Promise<void>;
  /** Begins a transaction that has failed. */
  fail(): Promise<void>;
  commit(): Promise<void>;
  /** Changes a row, and so holds its lock until the transaction ends. */
  lockRow(row: number): Promise<void>;
  startWaitingForRow(row: number): Promise<void>;
  startQuery(seconds: number): Promise<void>;
  startIgnoringCancel(): Promise<void>;
  /** Of one number for all sessions of the server, until it is given back. */
  holdAdvisoryLock(key?: number): Promise<void>;
  startWaitingForAdvisoryLock(key: number): Promise<void>;
  close(): Promise<void>;
}

export async function openWorker(
  stage: Stage,
  settings: Partial<WorkerSettings> = {},
  url = stage.responderUrl,
  canaryUrl = stage.canaryUrl,
): Promise<Worker> {
  return createWorker(
    byUrl(stage.engine, { instance: 'rehearsal', ...settings }),
    { env: { RESPONDER: url, CANARY: canaryUrl }, folder: '/' },
    engineEntry(stage.engine),
  );
}

export function loginAt(url: string, mode: TlsSettings['mode'] = 'disable'): Login {
  const any = { schemes: ['postgres', 'postgresql', 'mysql', 'mariadb'], defaultPort: 1, defaultDatabase: '' };
  return { ...parseLoginUrl(url, 'URL', any), tls: { mode, ca: null } };
}

export async function takeSnapshot(worker: Worker, patienceMs = 0): Promise<Snapshot> {
  const answer = await worker.answer({ schema: SCHEMA, kind: 'snapshot', deadline: Date.now() + 15_000, patienceMs });
  if (!answer.ok) throw new Error(`refused: ${answer.refusal.kind} ${answer.refusal.message}`);
  if (!('snapshot' in answer)) throw new Error('no snapshot in the answer');
  return answer.snapshot;
}

export async function takeSample(worker: Worker): Promise<Sample> {
  const answer = await worker.answer({ schema: SCHEMA, kind: 'sample', deadline: Date.now() + 15_000 });
  if (!answer.ok) throw new Error(`refused: ${answer.refusal.kind} ${answer.refusal.message}`);
  if (!('sample' in answer)) throw new Error('no sample in the answer');
  return answer.sample;
}

/** Asks for a snapshot that is expected to be refused. */
export async function beRefused(worker: Worker, patienceMs = 0): Promise<WorkerRefused> {
  const answer = await worker.answer({ schema: SCHEMA, kind: 'snapshot', deadline: Date.now() + 15_000, patienceMs });
  if (answer.ok) throw new Error('it got in');
  return answer;
}

export async function endSessions(
  worker: Worker,
  victims: readonly SessionToEnd[],
  { graceMs = 1_000, forMs = 15_000 } = {},
): Promise<readonly Ending[]> {
  const answer = await worker.answer({ schema: SCHEMA, kind: 'end', deadline: Date.now() + forMs, victims, graceMs });
  if (!answer.ok) throw new Error(`refused: ${answer.refusal.kind} ${answer.refusal.message}`);
  if (!('endings' in answer)) throw new Error('no endings in the answer');
  return answer.endings;
}

/**
 * Ends one session within a short time, which a busy machine may need more of before it begins: then nothing was done.
 */
export async function endShortly(worker: Worker, victim: SessionToEnd, graceMs = 0): Promise<Ending['result']> {
  for (let forMs = 250; ; forMs *= 2) {
    const [ending] = await endSessions(worker, [victim], { graceMs, forMs }).catch((error: unknown) => {
      if (String(error).includes('too-late')) return [];
      throw error;
    });
    if (ending !== undefined && ending.result !== 'not-tried') return ending.result;
  }
}

/** Asks for a limit to be set or lifted. `before`: what it starts from, or goes back to. */
export async function changeLimit(
  worker: Worker,
  kind: 'limit' | 'lift',
  { user, limit, before }: { readonly user: string; readonly limit: number; readonly before: number | null },
  forMs = 10_000,
): Promise<LimitOutcome> {
  const answer = await worker.answer({ schema: SCHEMA, kind, deadline: Date.now() + forMs, user, limit, before });
  if (!answer.ok) throw new Error(`refused: ${answer.refusal.kind} ${answer.refusal.message}`);
  if (!('limit' in answer)) throw new Error('no limit in the answer');
  return answer.limit;
}

export function sessionOf(snapshot: Pick<Snapshot, 'sessions'>, { id }: Pick<StageClient, 'id'>): Session {
  const session = snapshot.sessions.find(({ identity }) => identity.id === id);
  if (session === undefined) throw new Error(`session ${id} is not in the snapshot`);
  return session;
}

/** An order to end this session as long as it is in the state the snapshot shows. */
export function victimOf(
  session: Session,
  expect: Partial<Expectation> = {},
  method: SessionToEnd['method'] = 'terminate',
): SessionToEnd {
  const { state } = session;
  if (state === 'starting' || state === 'rolling-back' || state === 'unseen' || state === 'other')
    throw new Error(`nobody ends a session that is ${state}`);
  return {
    identity: session.identity,
    method,
    expect: {
      state,
      minStateMs: 0,
      transactionMark: null,
      queryMark: null,
      blocksOthers: false,
      holdsNothing: false,
      ...expect,
    },
  };
}
