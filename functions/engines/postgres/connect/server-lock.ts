import { firstRow, type ServerConnection } from '../../shared/connection.ts';
import { releaseLock, type ServerLock } from '../../shared/server-lock.ts';
import { LOCK_KEY, LOCK_RIVALS, RELEASE_LOCK, TAKE_LOCK } from './server-lock.sql.ts';

const LEASE = '30s';
const QUERY_MS = 3_000;

/**
 * An advisory lock, which is per database. Two executors in different databases can both take theirs and then see each
 * other: both give way.
 */
export function serverLockOf(connection: ServerConnection): ServerLock {
  const release = async () => {
    await connection.query(RELEASE_LOCK, LOCK_KEY, QUERY_MS);
  };
  return {
    release,
    async tryTake() {
      const { taken } = firstRow(await connection.query(TAKE_LOCK, [...LOCK_KEY, LEASE], QUERY_MS));
      if (!taken) return false;
      const { rivals } = firstRow(await connection.query(LOCK_RIVALS, LOCK_KEY, QUERY_MS));
      if (rivals > 0) await releaseLock({ release });
      return rivals === 0;
    },
  };
}
