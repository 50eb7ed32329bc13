import type { KnownCause } from '../../functions/core/policy/cause-names.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import type { Clients, Pool, PoolOptions } from './pool.ts';

/** `healthy`: at its usual, never to be ended. `culprit`: what is wrong. The load says so, by the user of a session. */
export type Label = 'healthy' | 'culprit';

/** What a load works with. */
export interface Stage {
  readonly engine: EngineName;
  /** A pool of a real client library, for one of the load's users. */
  pool(user: string, options: PoolOptions): Pool;
  urlOf(user: string): string;
  /** Counts and ends clients that the load has started by itself. */
  adopt(user: string, clients: Clients): void;
  /** Runs work again and again, about so many milliseconds after it was done, until the load is over. */
  every(ms: number, work: () => Promise<unknown>): void;
  /** Runs work once; what it throws is told, and ends nothing. */
  begin(work: () => Promise<unknown>): void;
  sleep(ms: number): Promise<void>;
  /** An expression that takes this long. */
  sleepSql(seconds: number): string;
  /** Settled when the load is over. */
  readonly signal: AbortSignal;
}

/** One trouble on a server at production pace. */
export interface Load {
  readonly name: string;
  readonly summary: string;
  /** Every one when absent. */
  readonly engines?: readonly EngineName[];
  /**
   * `relief` within the promised time, that lasts; `limit`: relief lasts once a user is limited; `page`: what may be
   * ended, if anything, does not suffice, and a person is told.
   */
  readonly expected: 'relief' | 'limit' | 'page';
  /** What a person would say is wrong. */
  readonly cause: KnownCause;
  /** Every user with a session, and whose fault it is. */
  readonly users: Readonly<Record<string, Label>>;
  /** Users that Headroom may limit. */
  readonly limitable?: readonly string[];
  /** What differs from the default policy. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** The ordinary day. Settles when it is under way. */
  calm(stage: Stage): Promise<void>;
  /** What goes wrong, some minutes later. */
  trouble(stage: Stage): void;
}
