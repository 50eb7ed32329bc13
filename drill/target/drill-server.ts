import type { LoadSpec } from '../loads/load-spec.ts';
import type { ServerChoice } from './server-choice.ts';

/** A real server with Headroom's logins (as `headroom grants` has them), the loads' logins and a small shop. */
export interface DrillServer {
  readonly choice: ServerChoice;
  /** Product and version: "PostgreSQL 18.4". */
  readonly title: string;
  readonly adminUrl: string;
  readonly responderUrl: string;
  readonly canaryUrl: string;
  /** An ordinary login, to find out whether ordinary clients get in. */
  readonly passerByUrl: string;
  urlOf(load: LoadSpec): string;
  /** Slots taken, read on an administrator's session that was there before the trouble. */
  countUsed(): Promise<number>;
  /** Users that have a connection limit of their own. */
  limitedUsers(): Promise<string[]>;
  /** Runs a statement on that session. */
  asAdmin(sql: string): Promise<void>;
  stop(): Promise<void>;
}
