import { firstRow, type ServerConnection } from '../../shared/connection.ts';
import { releaseLock, type Holder, type ServerLock } from '../../shared/server-lock.ts';
import { LOCK_HOLDERS, LOCK_KEY, RELEASE_LOCK, TAKE_LOCK } from './server-lock.sql.ts';

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
      const rivals = await readHolders(connection, QUERY_MS);
      if (rivals.length > 0) await releaseLock({ release });
      return rivals.length === 0;
    },
    holder: async () => (await readHolders(connection, QUERY_MS))[0] ?? null,
  };
}

/** Who else holds the lock, executors first. */
export async function readHolders(connection: ServerConnection, timeoutMs: number): Promise<readonly Holder[]> {
  const rows = await connection.query(LOCK_HOLDERS, LOCK_KEY, timeoutMs);
  return rows.map(({ is_executor, ...shown }) => ({ ...shown, isExecutor: is_executor }));
}
