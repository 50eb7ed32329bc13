import type { CheckFacts } from '../../core/protocol/check-facts.ts';
import type { Ending, EndRequest, LimitOutcome } from '../../core/protocol/worker.ts';
import type { Refusal, Sample, Snapshot } from '../../core/server/snapshot.ts';
import type { StatementDetail } from '../../core/server/statement.ts';

/** How the connection is protected. `require` encrypts without knowing whom it talks to. */
export interface TlsSettings {
  readonly mode: 'verify-full' | 'require' | 'disable';
  /** Certificates to trust, as PEM text; null for the runtime's own store. */
  readonly ca: string | null;
}

/** Everything one login needs. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: TlsSettings;
}

/** What a session of the responder has to know besides its login. */
export interface SessionOptions {
  /** The instance to find; compared where the server can tell its own. */
  readonly instance: string;
  /** User of the canary, whose sessions are Headroom's own too; null when there is none. */
  readonly canaryUser: string | null;
  readonly statements: StatementDetail;
}

/** What a session can tell without another login. `halfOpen` is null where the server does not show them. */
export type WithoutCanary<T extends Sample> = Omit<T, 'canary' | 'halfOpen'> & { readonly halfOpen: number | null };

/** An open session of the responder. Every method throws ConnectionLost when the connection fails under it. */
export interface EngineSession {
  /** The login may use reserved slots. */
  readonly reserved: boolean;
  /** Answers one cheap query in time; afterwards a session that did not is closed. Never throws. */
  isAlive(timeoutMs: number): Promise<boolean>;
  sample(timeoutMs: number): Promise<WithoutCanary<Sample>>;
  snapshot(timeoutMs: number): Promise<WithoutCanary<Snapshot>>;
  /**
   * Tries the responder's rights and tells how the server is set up; changes nothing and ends nobody. `canary`: with it an
   * ordinary session is opened to try them on; null when there is none, or when it is known not to get in.
   */
  check(canary: Login | null, timeoutMs: number): Promise<CheckFacts>;
  /**
   * Ends what still is as expected, under the server-side lock, and looks again. One ending per victim, in their order.
   * Throws Refused (`busy-elsewhere`) when another executor holds the lock: then nothing was tried.
   */
  end(request: Pick<EndRequest, 'victims' | 'graceMs' | 'deadline'>): Promise<readonly Ending[]>;
  /**
   * Changes how many connections a user may have, under the server-side lock, when it still is `from`; null stands for no
   * limit. Nothing is changed past the deadline. Throws Refused as `end` does.
   */
  limitUser(change: UserLimitChange): Promise<LimitOutcome>;
  /** Leaves without waiting for the server. Never throws. */
  close(): void;
}

export interface UserLimitChange {
  readonly user: string;
  readonly from: number | null;
  readonly to: number | null;
  /** Epoch milliseconds. */
  readonly deadline: number;
}

/** What every database engine implements, and one contract suite tests. */
export interface Engine {
  /** Logs in as the responder. Throws Refused. */
  connect(login: Login, options: SessionOptions, timeoutMs: number): Promise<EngineSession>;
  /** Logs in as an ordinary client does, asks for a 1 and leaves. Throws Refused. */
  tryCanaryLogin(login: Login, timeoutMs: number): Promise<void>;
}

/** A login that did not get in, or a request the server cannot take now: an answer, not a fault. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(refusal.message, options);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** An open connection failed: the server went away, ended our session, or did not answer in time. */
export class ConnectionLost extends Error {
  /** SQLSTATE or errno name; empty when there is none. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectionLost';
    this.code = code;
  }
}
