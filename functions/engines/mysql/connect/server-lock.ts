import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionLost, Refused } from '../../shared/engine.ts';
import type { Connection } from './connection.ts';
import { LOCK_NAME, RELEASE_LOCK, SET_IDLE_TIMEOUT, TAKE_LOCK } from './server-lock.sql.ts';

const TRIES = 5;
const QUERY_MS = 3_000;
/** Seconds our session may be idle while it acts, and otherwise: as long as the server takes. */
export const LEASE_SECONDS = 30;
const NO_LEASE_SECONDS = 31_536_000;

/**
 * Does the work while no other executor acts on this server. Throws Refused (`busy-elsewhere`) without doing it when somebody
 * else does.
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
    await connection.query(RELEASE_LOCK, [LOCK_NAME], QUERY_MS);
    await connection.run(SET_IDLE_TIMEOUT, [NO_LEASE_SECONDS, NO_LEASE_SECONDS], QUERY_MS);
  } catch (error) {
    // The lock went with the connection; what was done under it is still worth telling.
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

/** The lease first: a lock without one could outlive an executor that freezes right then. */
async function takeLock(connection: Connection): Promise<void> {
  await connection.run(SET_IDLE_TIMEOUT, [LEASE_SECONDS, LEASE_SECONDS], QUERY_MS);
  for (let attempt = 1; ; attempt++) {
    const [lock] = await connection.query(TAKE_LOCK, [LOCK_NAME], QUERY_MS);
    if (lock?.taken === 1) return;
    if (attempt === TRIES) {
      const message = 'another executor is ending sessions on this server; it holds the server-side lock';
      throw new Refused({ kind: 'busy-elsewhere', code: '', message });
    }
    await sleep(20 + Math.random() * 130);
  }
}
