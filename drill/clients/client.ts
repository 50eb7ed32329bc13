/** How clients say the same thing to different servers. Parameters are question marks everywhere. */
export interface Dialect {
  /** An expression that takes this long. */
  sleep(seconds: number): string;
  /** Begins a transaction that sees the data as they are now, to its end. */
  readonly beginSnapshot: string;
  /**
   * Leaves the open transaction failed, so that it can only be rolled back; null where there is no such state.
   */
  readonly failTransaction: string | null;
  /** Reads the table `orders`, never comes to an end, and fails when it is cancelled. */
  readonly endlessQuery: string;
  /** Swallows a cancel and goes on: only the end of its session ends it. */
  readonly stubbornQuery: string;
  /**
   * Within a transaction: changes the table `stock` so that no other session gets its row before the transaction ends.
   */
  readonly migrate: string;
}

/** How a login or a statement failed. `refused`: no slot for it. `lost`: the connection is over. */
export interface Failure {
  readonly kind: 'refused' | 'cancelled' | 'lost' | 'other';
  /** SQLSTATE or the server's error number; else the system's code or the error's name. */
  readonly code: string;
}

export interface Login {
  readonly url: string;
  /** How the client calls itself. */
  readonly application: string;
  /** Of this machine, to come from; the system chooses when absent. */
  readonly address?: string;
  /** To stream changes instead of running queries. */
  readonly forReplication?: boolean;
}

/** One open session, as an ordinary client's driver has it. Whatever fails, ask `failureOf` why. */
export interface Connection {
  /** As Headroom identifies sessions, so that labels and records can be compared. */
  readonly identity: { readonly id: number; readonly incarnation: string };
  /**
   * Settles when the session is over, whoever ended it, with what the server said then; with an empty text when it said
   * nothing.
   */
  readonly over: Promise<string>;
  query(sql: string, values?: readonly unknown[]): Promise<readonly unknown[]>;
  /** Follows the server as a standby does, until the session is over. Settles when the stream runs. */
  replicate(): Promise<void>;
  close(): Promise<void>;
}

/** A connection that takes a slot and never becomes a session. */
export interface HalfOpen {
  /** Settles when the server stops waiting. */
  readonly over: Promise<void>;
  close(): void;
}

/** An ordinary client of one kind of server. Knows nothing of Headroom. */
export interface Client {
  readonly dialect: Dialect;
  connect(login: Login): Promise<Connection>;
  /**
   * Begins to log in and goes no further, like a lost client or a port scanner. Null when it was refused.
   */
  beginLogin(login: Login): Promise<HalfOpen | null>;
  failureOf(error: unknown): Failure;
}

/** The system's error code, or the error's name when it has none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
