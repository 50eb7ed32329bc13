import mysql from 'mysql2/promise';
import type { MysqlServer } from './mysql.ts';

/** Sessions that belong to RDS or to the server itself. */
const UNTOUCHABLE = ['rdsadmin', 'rdsrepladmin', 'system user', 'event_scheduler'];

/**
 * Gives a server RDS's own way to end sessions: `mysql.rds_kill(thread)` and `mysql.rds_kill_query(thread)`, for
 * callers who may not KILL. As on RDS they run with an administrator's rights, refuse sessions that are not the
 * customer's, and pass on error 1094 for an unknown thread. The number and the words of a refusal are ours: RDS
 * documents neither.
 */
export async function installRdsProcedures(server: Pick<MysqlServer, 'adminUrl'>): Promise<void> {
  const admin = await mysql.createConnection({ uri: server.adminUrl });
  try {
    await admin.query(procedure('rds_kill', 'KILL CONNECTION thread'));
    await admin.query(procedure('rds_kill_query', 'KILL QUERY thread'));
  } finally {
    await admin.end();
  }
}

function procedure(name: string, kill: string): string {
  const untouchable = UNTOUCHABLE.map((user) => mysql.escape(user)).join(', ');
  return `
    CREATE PROCEDURE mysql.${name}(IN thread BIGINT) SQL SECURITY DEFINER
    BEGIN
      DECLARE owner VARCHAR(128) DEFAULT NULL;
      DECLARE refusal VARCHAR(128);
      SELECT user INTO owner FROM information_schema.processlist WHERE id = thread;
      IF owner IN (${untouchable}) THEN
        SET refusal = CONCAT('ERROR (RDS): CANNOT KILL ', UPPER(owner), ' SESSION');
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = refusal;
      ELSE
        ${kill};
      END IF;
    END`;
}
