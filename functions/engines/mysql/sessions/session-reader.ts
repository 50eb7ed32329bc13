import { setTimeout as sleep } from 'node:timers/promises';
import type { Admitted } from '../connect/connect.ts';
import { isServerError } from '../connect/connection.ts';
import { noteArrivals } from './arrivals.ts';
import {
  ADMINISTRATORS,
  APPLICATIONS,
  METADATA_LOCKS,
  rowWaits,
  USER_LIMITS,
  type MetadataLockRow,
} from './sessions.sql.ts';
import { noteSleepers } from './sleepers.ts';
import {
  INNODB_TRANSACTIONS,
  OPEN_TRANSACTIONS,
  processes,
  statements,
  THREADS,
  type ProcessRow,
  type Scope,
  type StatementRow,
  type TransactionRow,
} from './usage.sql.ts';

/** What the server shows of its sessions, each table as it was read. Maps are by thread, empty where there are none. */
export interface Usage {
  readonly processes: readonly ProcessRow[];
  /** From before the processes were read until after the statements were. */
  readonly readWithinMs: number;
  /** See Arrivals. */
  readonly connectedMs: (id: number) => number | null;
  /** See Sleepers. */
  readonly asleepMs: (id: number) => number;
  /** Threads by session. */
  readonly threads: ReadonlyMap<number, number>;
  readonly statements: ReadonlyMap<number, StatementRow>;
  readonly openTransactions: ReadonlyMap<number, { readonly event: number; readonly age_ms: number | null }>;
  readonly innodb: readonly TransactionRow[];
}

/** What only ending sessions, and telling why, needs to know. */
export interface Details {
  readonly rowWaits: readonly { readonly waiter: string; readonly blocker: string }[];
  readonly metadataLocks: readonly MetadataLockRow[];
  readonly applications: ReadonlyMap<number, string>;
  readonly administrators: ReadonlySet<string>;
  /** Sessions that a user may have, where it has a limit of its own. */
  readonly userLimits: ReadonlyMap<string, number>;
}

/** Two looks closer to each other than this would see the same transactions: see INNODB_TRANSACTIONS. */
const INNODB_REST_MS = 110;

/** Looks at the sessions of one server, over one connection. */
export interface Lookout {
  /** Within `timeoutMs` in all. */
  usage(scope: Scope, timeoutMs: number): Promise<Usage>;
  /** `timeoutMs`: for each of its statements. */
  details(usage: Usage, timeoutMs: number): Promise<Details>;
}

/**
 * The order is part of it: what a session does is read before the transactions it may have, so that a session which has done
 * nothing since has no other transaction either.
 */
export function lookoutOver({ connection, features, self }: Admitted): Lookout {
  // A connection of ours that has just gone may have read it just now.
  let innodbReadAt = Date.now();
  const arrivals = noteArrivals();
  arrivals.note(self.id, Date.now());
  const sleepers = noteSleepers();

  const innodb = async (timeoutMs: number) => {
    await sleep(Math.max(0, innodbReadAt + INNODB_REST_MS - Date.now()));
    const rows = await connection.query(INNODB_TRANSACTIONS, [], timeoutMs);
    innodbReadAt = Date.now();
    return rows;
  };

  return {
    async usage(scope, timeoutMs) {
      const ids = scope.ids === null ? [] : [scope.ids];
      const askedAt = Date.now();
      const left = () => Math.max(1, askedAt + timeoutMs - Date.now());
      const rows = await connection.query(processes(features, scope), ids, timeoutMs);
      const answeredAt = Date.now();
      if (scope.ids === null) {
        arrivals.note(Math.max(self.id, ...rows.map(({ id }) => id)), askedAt);
        sleepers.note(
          rows.filter(({ command }) => command === 'Sleep'),
          askedAt,
        );
      }
      const thread = self.thread;
      const threads = thread === null && !features.hasMetadataLocks ? [] : await connection.query(THREADS, [], left());
      const ran = thread === null ? [] : await connection.query(statements(scope), [thread, thread], left());
      const readWithinMs = Date.now() - askedAt;
      const open = thread === null ? [] : await connection.query(OPEN_TRANSACTIONS, [thread], left());
      return {
        processes: rows,
        readWithinMs,
        connectedMs: (id) => arrivals.connectedMs(id, answeredAt),
        asleepMs: (id) => sleepers.asleepMs(id, askedAt),
        threads: new Map(threads.map(({ id, thread }) => [id, thread])),
        statements: new Map(ran.map((row) => [row.thread, row])),
        openTransactions: new Map(open.map((row) => [row.thread, row])),
        innodb: features.hasTransactions ? await innodb(left()) : [],
      };
    },

    async details({ innodb }, timeoutMs) {
      const waiting = innodb.filter(({ state }) => state === 'LOCK WAIT').map(({ trx }) => Number(trx));
      const waits =
        waiting.length === 0 || features.rowWaits === null
          ? []
          : await unlessTooLong(connection.query(rowWaits(features.rowWaits), [waiting], timeoutMs));
      const locks = features.hasMetadataLocks ? await connection.query(METADATA_LOCKS, [], timeoutMs) : [];
      const applications = features.hasAttributes ? await connection.query(APPLICATIONS, [], timeoutMs) : [];
      const administrators =
        features.administrators === 'privileges'
          ? await connection.query(ADMINISTRATORS[features.engine], [], timeoutMs)
          : [{ name: 'rdsadmin' }];
      const limits = features.hasUserLimits ? await connection.query(USER_LIMITS, [], timeoutMs) : [];
      return {
        rowWaits: waits,
        metadataLocks: locks,
        applications: new Map(applications.map(({ id, application }) => [id, application])),
        administrators: new Set(administrators.map(({ name }) => name)),
        userLimits: new Map(limits.map(({ name, most }) => [name, most])),
      };
    },
  };
}

/** The server's own bound on a statement: ER_QUERY_TIMEOUT, ER_STATEMENT_TIMEOUT. */
const TOO_LONG: ReadonlySet<number> = new Set([3024, 1969]);

/** Who waits for whom grows with the square of the queue; without it waiters show, and blockers are unknown. */
async function unlessTooLong<T>(rows: Promise<T[]>): Promise<T[]> {
  try {
    return await rows;
  } catch (error) {
    if (isServerError(error) && TOO_LONG.has(error.errno)) return [];
    throw error;
  }
}
