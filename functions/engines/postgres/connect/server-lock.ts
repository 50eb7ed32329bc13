import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionLost, Refused } from '../../shared/engine.ts';
import type { Connection } from './connection.ts';
import { LOCK_KEY, LOCK_RIVALS, RELEASE_LOCK, TAKE_LOCK } from './server-lock.sql.ts';

const TRIES = 5;
const LEASE = '30s';
const QUERY_MS = 3_000;

/**
 * Does the work while no other executor acts on this server, whatever database it is connected to. Throws Refused
 * (`busy-elsewhere`) without doing it when somebody else does.
 */
export async function withServerLock<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    await takeLock(connection);
    return await work();
  } finally {
    await releaseLock(connection);
  }
}

/** Also when it was not taken: that only sets the idle timeout back. */
async function releaseLock(connection: Connection): Promise<void> {
  try {
    await connection.query(RELEASE_LOCK, LOCK_KEY, QUERY_MS);
  } catch (error) {
    // The lock went with the connection; what was done under it is still worth telling.
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

/**
 * Two executors in different databases can both take their lock and then see each other: both give way, and try again
 * after waits of different length.
 */
async function takeLock(connection: Connection): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const [lock] = await connection.query(TAKE_LOCK, [...LOCK_KEY, LEASE], QUERY_MS);
    if (lock?.taken === true) {
      const [seen] = await connection.query(LOCK_RIVALS, LOCK_KEY, QUERY_MS);
      if (seen?.rivals === 0) return;
      await releaseLock(connection);
    }
    if (attempt === TRIES) {
      const message = 'another executor is ending sessions on this server; it holds the server-side lock';
      throw new Refused({ kind: 'busy-elsewhere', code: '', message });
    }
    await sleep(20 + Math.random() * 130);
  }
}
