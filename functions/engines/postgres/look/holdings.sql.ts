/** Blanks and comments. */
const BLANK = String.raw`(\s|--[^\n]*(\n|$)|/\*([^*]|\*+[^*/])*\*+/)`;
/** Where a statement begins: at the start of the text, or after a semicolon in it. */
const BEGINS = `(^|;)${BLANK}*`;
const TEMPORARY = String.raw`((local|global)${BLANK}+)?temp(orary)?\M`;

/** What the last statement of a session says that it holds; other sessions cannot ask for it. Case does not matter. */
const SAYS = {
  listen: String.raw`${BEGINS}listen\M`,
  temporaryTable: String.raw`${BEGINS}create${BLANK}+${TEMPORARY}|\minto${BLANK}+${TEMPORARY}`,
  // Outside a transaction only a cursor WITH HOLD is left.
  cursor: String.raw`${BEGINS}((fetch|move)\M|declare\M.*\mwith${BLANK}+hold\M)`,
  backupBegins: String.raw`\mpg_(backup_start|start_backup)${BLANK}*\(`,
  backupEnds: String.raw`\mpg_(backup_stop|stop_backup)${BLANK}*\(`,
  sharedSnapshot: String.raw`\mpg_export_snapshot${BLANK}*\(|\mset${BLANK}+transaction${BLANK}+snapshot\M`,
} as const;

const says = (what: keyof typeof SAYS) => `s.said ~* $re$${SAYS[what]}$re$`;

/**
 * The last statement as `s.said`: its first 2,048 bytes in escape format, which is ASCII. In another database's
 * encoding it may be no valid text here, and every function that reads characters would fail, for all sessions.
 */
export const LAST_STATEMENT = /* SQL */ `
  CROSS JOIN LATERAL (SELECT encode(substr(textsend(a.query), 1, 2048), 'escape') AS said) AS s`;

/**
 * What a session holds beside locks, as an array: see Holding. `a`: its row of pg_stat_activity, `s`: LAST_STATEMENT.
 * A part of the snapshot and of the statement that ends sessions, so that both judge alike. A login that may replicate
 * copies whole databases; what it reads in a transaction is taken for such a copy. `mayReplicate`: whether it may, in
 * SQL.
 */
export const holds = (mayReplicate: string) => /* SQL */ `
  array_remove(ARRAY[
    CASE WHEN a.wait_event_type = 'IPC' AND a.wait_event = 'SyncRep' THEN 'commit' END,
    CASE WHEN ${says('backupBegins')} OR (a.state = 'active' AND ${says('backupEnds')}) THEN 'backup' END,
    CASE WHEN a.state <> 'idle' AND a.backend_xid IS NULL AND (
      (${mayReplicate}) OR ${says('sharedSnapshot')}
    ) THEN 'snapshot' END,
    CASE WHEN a.state = 'idle' AND ${says('listen')} THEN 'listen' END,
    CASE WHEN a.state = 'idle' AND ${says('temporaryTable')} THEN 'temporary-table' END,
    CASE WHEN a.state = 'idle' AND ${says('cursor')} THEN 'cursor' END
  ], NULL)`;

/** Whether a role, `r` of pg_roles, may replicate. */
export const MAY_REPLICATE = /* SQL */ `
  r.rolreplication OR r.oid IN (
    SELECT m.member FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid WHERE g.rolname = 'rds_replication'
  )`;
