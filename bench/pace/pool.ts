import { createPool } from 'mysql2';
import type { Socket } from 'node:net';
import pg from 'pg';
import { mysqlClient } from '../../drill/clients/mysql-client.ts';
import { postgresClient } from '../../drill/clients/postgres-client.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

export interface PoolOptions {
  readonly application: string;
  /** Most connections at once. */
  readonly max: number;
  /** Closes what has been idle for so long; never when absent. */
  readonly idleMs?: number;
}

/** How the clients of a user fared. */
export interface PoolTally {
  worked: number;
  /** No slot for it. */
  refused: number;
  /** Sessions that the server ended. */
  lost: number;
  /** Statements that were cancelled. */
  cancelled: number;
  other: number;
}

export function newTally(): PoolTally {
  return { worked: 0, refused: 0, lost: 0, cancelled: 0, other: 0 };
}

export function isTallied(word: string): word is keyof PoolTally {
  return word in newTally();
}

/** Clients of one user, and how they fare. */
export interface Clients {
  readonly tally: PoolTally;
  end(): Promise<void>;
}

/** A connection that was taken. */
interface Taken {
  /** Whether the statement went well. */
  run(sql: string): Promise<boolean>;
  /** Gives it back to its pool. */
  giveBack(): void;
  /** Ends the session. */
  close(): void;
}

/**
 * A pool as its library has it: node-postgres or mysql2, which give out the connection that came back last, and open
 * none before one is needed. Its connections are never too old.
 */
export interface Pool extends Clients {
  /** Open connections, idle ones too. */
  size(): number;
  /** Null when there was none to have. */
  take(): Promise<Taken | null>;
  /** Takes one, runs a statement and gives it back. */
  use(sql: string): Promise<void>;
  /** Opens connections until there are so many, and gives them all back. */
  fillUp(size: number): Promise<void>;
}

const NEVER_MS = 86_400_000;
/** As HikariCP waits by default. */
const PATIENCE_MS = 30_000;

export function openPool(engine: EngineName, url: string, options: PoolOptions): Pool {
  const tally = newTally();
  const client = engine === 'postgres' ? postgresClient : mysqlClient;
  const note = (error: unknown) => {
    const { kind } = client.failureOf(error);
    // A lost session is counted when its connection ends.
    if (kind !== 'lost') tally[kind]++;
  };
  const raw = (engine === 'postgres' ? openPostgresPool : openMysqlPool)(url, options, () => tally.lost++);
  const take = async (): Promise<Taken | null> => {
    try {
      const taken = await raw.take();
      const run = async (sql: string) => {
        try {
          await taken.run(sql);
          tally.worked++;
          return true;
        } catch (error) {
          note(error);
          return false;
        }
      };
      return { ...taken, run };
    } catch (error) {
      note(error);
      return null;
    }
  };
  return {
    tally,
    size: () => raw.size(),
    take,
    async use(sql) {
      const taken = await take();
      await taken?.run(sql);
      taken?.giveBack();
    },
    async fillUp(size) {
      const taken: Taken[] = [];
      while (raw.size() < size) {
        const one = await take();
        if (one === null) break;
        await one.run('SELECT 1');
        taken.push(one);
      }
      for (const one of taken) one.giveBack();
    },
    end: () => raw.end(),
  };
}

interface RawPool {
  size(): number;
  take(): Promise<{ run(sql: string): Promise<unknown>; giveBack(): void; close(): void }>;
  end(): Promise<void>;
}

function openPostgresPool(url: string, { application, max, idleMs = 0 }: PoolOptions, onLost: () => void): RawPool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: application,
    max,
    idleTimeoutMillis: idleMs,
    connectionTimeoutMillis: PATIENCE_MS,
  });
  let isOver = false;
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    // Told of no end that it asked for itself.
    let isLost = false;
    client.on('error', () => {
      if (!isOver && !isLost) onLost();
      isLost = true;
    });
  });
  return {
    size: () => pool.totalCount,
    async take() {
      const client = await pool.connect();
      return {
        run: (sql) => client.query(sql),
        giveBack: () => {
          client.release();
        },
        close: () => {
          client.release(true);
        },
      };
    },
    async end() {
      isOver = true;
      // Its connections that were never given back go with the server.
      void pool.end();
      await Promise.resolve();
    },
  };
}

function openMysqlPool(url: string, { application, max, idleMs = NEVER_MS }: PoolOptions, onLost: () => void): RawPool {
  const pool = createPool({
    uri: url,
    connectionLimit: max,
    maxIdle: idleMs === NEVER_MS ? max : 1,
    idleTimeout: idleMs,
    connectTimeout: PATIENCE_MS,
    connectAttributes: { program_name: application },
  });
  let isOver = false;
  let open = 0;
  pool.on('connection', (connection) => {
    open++;
    connection.on('error', () => undefined);
    // Before the driver hears it, which then closes its own end.
    socketOf(connection).prependOnceListener('end', () => {
      if (!isOver && !isClosing(connection)) onLost();
    });
    socketOf(connection).once('close', () => {
      open--;
    });
  });
  return {
    size: () => open,
    take: () =>
      new Promise((resolve, reject) => {
        pool.getConnection((error, connection) => {
          if (error !== null) {
            reject(error);
            return;
          }
          resolve({
            run: (sql) => connection.promise().query(sql),
            giveBack: () => {
              connection.release();
            },
            close: () => {
              connection.destroy();
            },
          });
        });
      }),
    async end() {
      isOver = true;
      pool.end(() => undefined);
      await Promise.resolve();
    },
  };
}

/** Whether the end of a connection was asked for by this side. The driver's types keep it to themselves. */
function isClosing(connection: object): boolean {
  return (connection as { _closing?: boolean })._closing === true;
}

/** The driver's types keep it to themselves. */
function socketOf(connection: object): Socket {
  return (connection as { stream: Socket }).stream;
}
