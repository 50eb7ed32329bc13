import { firstRow } from '../../shared/connection.ts';
import type { ServerLock } from '../../shared/server-lock.ts';
import type { MysqlConnection } from './connection.ts';
import { LOCK_HOLDER, LOCK_NAME, RELEASE_LOCK, SET_IDLE_TIMEOUT, TAKE_LOCK } from './server-lock.sql.ts';

const QUERY_MS = 3_000;
const LEASE_SECONDS = 30;
/** As long as the server takes. */
const NO_LEASE_SECONDS = 31_536_000;

/**
 * A user lock, which is server-wide. The lease comes first: an executor that froze between the two would keep the lock.
 */
export function serverLockOf(connection: MysqlConnection): ServerLock {
  const lease = (seconds: number) => connection.run(SET_IDLE_TIMEOUT, [seconds, seconds], QUERY_MS);
  return {
    async tryTake() {
      await lease(LEASE_SECONDS);
      const { taken } = firstRow(await connection.query(TAKE_LOCK, [LOCK_NAME], QUERY_MS));
      return taken === 1;
    },
    async holder() {
      const [row] = await connection.query(LOCK_HOLDER, [LOCK_NAME], QUERY_MS);
      if (row === undefined) return null;
      const { is_executor, ...shown } = row;
      return { ...shown, application: '', isExecutor: is_executor === 1 };
    },
    async release() {
      await connection.query(RELEASE_LOCK, [LOCK_NAME], QUERY_MS);
      await lease(NO_LEASE_SECONDS);
    },
  };
}
