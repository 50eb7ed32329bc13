import type { CheckFacts } from '../../core/protocol/check-facts.ts';
import type { Ending, EndRequest, LimitOutcome } from '../../core/protocol/worker.ts';
import type { Refusal, Sample, Snapshot } from '../../core/server/snapshot.ts';
import type { StatementDetail } from '../../core/server/statement.ts';

/** How the connection is protected. `require` encrypts without checking who the server is. */
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
  /** The password is a token of IAM authentication. */
  readonly isToken?: boolean;
  readonly tls: TlsSettings;
}

/** What a session of the responder needs besides its login. */
export interface SessionOptions {
  /** The instance to find; compared where the server knows its own. */
  readonly instance: string;
  /** User of the canary, whose sessions are Headroom's own too; null when there is none. */
  readonly canaryUser: string | null;
  readonly statements: StatementDetail;
}

/** What a session can read without another login. `halfOpen` is null where the server does not show them. */
export type WithoutCanary<T extends Sample> = Omit<T, 'canary' | 'halfOpen'> & { readonly halfOpen: number | null };

/** An open session of the responder. Every method throws ConnectionLost when the connection fails under it. */
export interface EngineSession {
  /** The login may use reserved slots. */
  readonly reserved: boolean;
  /** Whether it answers one cheap query in time. A session that does not is closed. Never throws. */
  isAlive(timeoutMs: number): Promise<boolean>;
  sample(timeoutMs: number): Promise<WithoutCanary<Sample>>;
  snapshot(timeoutMs: number): Promise<WithoutCanary<Snapshot>>;
  /**
   * Tries the responder's rights and reports how the server is set up. Changes nothing and ends no session of a client.
   * `canary` opens an ordinary session to try the rights on; null when there is none, or when it is known not to get
   * in.
   */
  check(canary: Login | null, timeoutMs: number): Promise<CheckFacts>;
  /**
   * Ends what still is as expected, under the server-side lock, and reads it again to prove it. One ending per victim,
   * in their order. Throws Refused (`busy-elsewhere`) when another executor holds the lock: then nothing was tried.
   */
  end(request: Pick<EndRequest, 'victims' | 'graceMs' | 'deadline'>): Promise<readonly Ending[]>;
  /**
   * Changes the connection limit of a user, under the server-side lock, if it still is `from`; null stands for no
   * limit. Changes nothing past the deadline. Throws Refused as `end` does.
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
  /** Logs in as an ordinary client does, proves that it is one, at the server that is meant, and leaves. Throws Refused. */
  tryCanaryLogin(login: Login, server: string, timeoutMs: number): Promise<void>;
}

/** A login that did not get in, or a request that the server cannot take now: an answer, not a fault. */
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
