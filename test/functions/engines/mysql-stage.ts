import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMysqlLogins } from '../../../drill/servers/mysql-logins.ts';
import { startMysql, type MysqlOptions, type MysqlServer } from '../../../drill/servers/mysql.ts';
import { installRdsProcedures } from '../../../drill/servers/rds-procedures.ts';
import { limitStatement } from '../../../functions/core/server/limit-statement.ts';
import { quoteAccount } from '../../../functions/engines/mysql/grants/grants.ts';
import type { OpenOptions, Stage, StageClient } from './stage.ts';

interface MysqlClient extends StageClient {
  /** Sends a statement and waits until the server shows the session in this state. */
  startWaiting(sql: string, sign: RegExp): Promise<void>;
}

/** As hostile as a name can be. */
const LIMITABLE = 'st`o\'r\\m", %I; -- ün';
const MAX_CONNECTIONS = 24;

/** Both with a binlog, and without TLS. */
const SETTINGS = {
  mysql: { 'tls-version': '', 'gtid-mode': 'ON', 'enforce-gtid-consistency': 'ON' },
  mariadb: { 'log-bin': 'binlog' },
} as const;

/** MariaDB does not watch locks on tables until it is told to, and only those taken from then on. */
export const SHOW_TABLE_LOCKS =
  "UPDATE performance_schema.setup_instruments SET ENABLED = 'YES', TIMED = 'YES' " +
  "WHERE NAME = 'wait/lock/metadata/sql/mdl'";

export interface MysqlStage extends Stage {
  open(options?: OpenOptions): Promise<MysqlClient>;
  readonly server: MysqlServer;
  readonly isRds: boolean;
  readonly hasPerformanceSchema: boolean;
  /** Runs one statement as the administrator and returns its rows. */
  ask(sql: string): Promise<readonly RowDataPacket[]>;
  /** A session of its own, with the driver's own options. */
  connect(options: mysql.ConnectionOptions): Promise<Connection>;
}

export interface MysqlStageOptions extends MysqlOptions {
  readonly performanceSchema: boolean;
  /** With RDS's procedures, and logins that may end sessions by no other means. */
  readonly isRds?: boolean;
}

export async function openMysqlStage(options: MysqlStageOptions): Promise<MysqlStage> {
  const { flavour, performanceSchema, isRds = false } = options;
  const server = await startMysql({
    maxConnections: MAX_CONNECTIONS,
    ...options,
    settings: { ...SETTINGS[flavour], ...options.settings },
  });
  const administrator = keepAdministrator(server.adminUrl);
  const ask = (sql: string) => administrator.ask(sql);
  const administer = async (sql: string) => void (await ask(sql));
  if (isRds) {
    await installRdsProcedures(server);
    await administer(`CREATE USER rdsadmin IDENTIFIED BY 'rdsadmin'`);
    await administer('GRANT ALL ON *.* TO rdsadmin');
  }
  const { responderUrl, canaryUrl } = await createMysqlLogins(server, { isRds, limitableUsers: [LIMITABLE] });
  await administer(`CREATE USER ${quoteAccount(LIMITABLE, '%')} IDENTIFIED BY 'limitable'`);
  for (const user of ['app', 'other_app', 'blind']) await administer(`CREATE USER ${user} IDENTIFIED BY '${user}'`);
  for (const database of ['main', 'second']) await administer(`CREATE DATABASE ${database}`);
  await administer('CREATE TABLE main.ledger (id INT PRIMARY KEY, amount INT NOT NULL) ENGINE = InnoDB');
  for (let id = 1; id <= 10; id++) await administer(`INSERT INTO main.ledger VALUES (${id}, 0)`);
  for (const database of ['main', 'second']) {
    for (const user of ['app', 'other_app', 'headroom_responder', 'headroom_canary']) {
      await administer(`GRANT ALL ON ${database}.* TO ${user}`);
    }
  }
  const isMysql = flavour === 'mysql';
  const isTimed = isMysql && performanceSchema;
  /** Sessions opened with this right are out of the responder's reach for good; that the user had it shows no more. */
  const keepsOthers = isMysql && !isRds;
  const opened = new Set<StageClient>();
  const extras = new Set<Connection>();

  const connect = async (connectOptions: mysql.ConnectionOptions) => {
    const connection = await mysql.createConnection({
      host: server.host,
      port: server.port,
      multipleStatements: true,
      ...connectOptions,
    });
    connection.on('error', () => undefined);
    extras.add(connection);
    return connection;
  };

  const open = async ({ as = 'app', application = 'web', database = 'main' }: OpenOptions = {}) => {
    const user = { app: 'app', 'other-app': 'other_app', administrator: isRds ? 'rdsadmin' : 'root' }[as];
    const password = user === 'root' ? decodeURIComponent(new URL(server.adminUrl).password) : user;
    const isKept = user === 'other_app' && keepsOthers;
    if (isKept) await administer('GRANT SYSTEM_USER ON *.* TO other_app');
    const connection = await connect({ user, password, database, connectAttributes: { program_name: application } });
    if (isKept) await administer('REVOKE SYSTEM_USER ON *.* FROM other_app');
    extras.delete(connection);
    const client = await overConnection(connection, administrator);
    opened.add(client);
    return client;
  };

  return {
    engine: flavour,
    server,
    isRds,
    hasPerformanceSchema: performanceSchema,
    ask,
    administer,
    connect,
    major: Number.parseInt(server.version),
    host: server.host,
    port: server.port,
    responderUrl,
    canaryUrl,
    blindUrl: server.urlFor({ user: 'blind', password: 'blind' }),
    maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
    reserved: 0,
    beyond: 1,
    responderHasReserve: !isRds,
    shows: {
      othersToTheBlind: false,
      connectionAge: false,
      application: performanceSchema,
      lastStatement: isTimed,
      failedTransactions: false,
      blockers: !isMysql || performanceSchema,
      holdings: isTimed,
      precisionMs: isTimed ? 0 : 2_000,
      lockWaitPrecisionMs: 1_000,
      idleInTransactionAge: isTimed || !isMysql,
      rowsModified: true,
      refusesByUser: isRds || isMysql,
    },
    open,
    async fill(as = 'app') {
      const clients: StageClient[] = [];
      for (;;) {
        try {
          clients.push(await open({ as }));
        } catch (error) {
          if (!(error instanceof Error && 'errno' in error && error.errno === 1040)) throw error;
          await untilRefusedHaveLeft(administrator, as === 'administrator' ? 1 : 0);
          return clients;
        }
      }
    },
    withUrl: withPart,
    async limitedUrl(sessions) {
      await administer('DROP USER IF EXISTS limited');
      await administer(`CREATE USER limited IDENTIFIED BY 'limited' WITH MAX_USER_CONNECTIONS ${sessions}`);
      return server.urlFor({ user: 'limited', password: 'limited' });
    },
    limitable: {
      name: LIMITABLE,
      async open() {
        const connection = await connect({ user: LIMITABLE, password: 'limitable' });
        extras.delete(connection);
        const client = await overConnection(connection, administrator);
        opened.add(client);
        return client;
      },
      async readLimit() {
        const rows = await ask(`SELECT max_user_connections AS most FROM mysql.user WHERE User LIKE 'st%r%m%'`);
        const most = Number(rows[0]?.['most']);
        return most > 0 ? most : null;
      },
      setLimit: (limit) => administer(limitStatement(flavour, quoteAccount(LIMITABLE, '%'), limit)),
    },
    async restrictSignals(isRestricted) {
      if (isRds) {
        await administer('DROP PROCEDURE mysql.rds_kill');
        await administer(isRestricted ? RDS_KILL_THAT_SPARES : RDS_KILL);
        await administer('GRANT EXECUTE ON PROCEDURE mysql.rds_kill TO headroom_responder');
      } else if (!isMysql) {
        await administer(
          isRestricted
            ? 'REVOKE CONNECTION ADMIN ON *.* FROM headroom_responder'
            : 'GRANT CONNECTION ADMIN ON *.* TO headroom_responder',
        );
        // What a session may do is settled when it logs in.
        await administer('KILL USER headroom_responder');
      }
    },
    restart: () => server.restart('fast'),
    async clear() {
      await Promise.all([...opened].map((client) => client.close()));
      opened.clear();
      for (const connection of extras) {
        await ask(`KILL ${connection.threadId}`).catch(() => undefined);
        connection.destroy();
      }
      extras.clear();
      await untilAlone(administrator);
    },
    async stop() {
      await administrator.end();
      await server.stop();
    },
  };
}

const RDS_KILL = 'CREATE PROCEDURE mysql.rds_kill(IN thread BIGINT) SQL SECURITY DEFINER KILL CONNECTION thread';

const RDS_KILL_THAT_SPARES = `
  CREATE PROCEDURE mysql.rds_kill(IN thread BIGINT) SQL SECURITY DEFINER
  BEGIN
    DECLARE owner VARCHAR(128) DEFAULT NULL;
    SELECT user INTO owner FROM information_schema.processlist WHERE id = thread;
    IF owner = 'other_app' THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ERROR (RDS): CANNOT KILL OTHER_APP SESSION';
    ELSE
      KILL CONNECTION thread;
    END IF;
  END`;

function withPart(url: string, { password, database, user }: Parameters<Stage['withUrl']>[1]): string {
  const changed = new URL(url);
  if (password !== undefined) changed.password = encodeURIComponent(password);
  if (user !== undefined) changed.username = encodeURIComponent(user);
  if (database !== undefined) changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

interface Administrator {
  ask(sql: string): Promise<readonly RowDataPacket[]>;
  end(): Promise<void>;
}

/** Keeps one session, so that it also gets an answer when every slot is taken; opens another after a restart. */
function keepAdministrator(url: string): Administrator {
  let kept: Connection | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const connect = async () => {
    const connection = await mysql.createConnection({ uri: url, connectAttributes: { program_name: 'stage' } });
    connection.on('error', () => (kept = null));
    return (kept = connection);
  };
  return {
    ask(sql) {
      const turn = last.then(async () => {
        const [rows] = await (kept ?? (await connect())).query(sql);
        return Array.isArray(rows) ? (rows as RowDataPacket[]) : [];
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    end: async () => kept?.end(),
  };
}

/** Sessions take a moment to leave after their client has gone. */
async function untilAlone(administrator: Administrator): Promise<void> {
  await until(async () => {
    const rows = await administrator.ask('SHOW PROCESSLIST');
    return rows.every(
      ({ User: user }) => /^(event_scheduler|system user)$/.test(String(user)) || /^(root|headroom)/.test(String(user)),
    );
  });
}

/** Whoever is refused counts as connected, in the one slot beyond the limit, until the server has seen him off. */
async function untilRefusedHaveLeft(administrator: Administrator, beyond: number): Promise<void> {
  await until(async () => {
    const [row] = await administrator.ask(
      `SHOW GLOBAL STATUS WHERE Variable_name = 'Threads_connected' AND Value <= @@GLOBAL.max_connections + ${beyond}`,
    );
    return row !== undefined;
  });
}

export async function until(isSo: () => Promise<boolean>, pauseMs = 10): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not happen within a minute');
    await sleep(pauseMs);
  }
}

async function overConnection(connection: Connection, administrator: Administrator): Promise<MysqlClient> {
  let isOpen = true;
  connection.on('error', () => (isOpen = false));
  connection.on('end', () => (isOpen = false));
  const [[row] = []] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
  const id = Number(row?.['id']);
  let last: Promise<unknown> = Promise.resolve();
  const query = async (sql: string) => {
    await last;
    await connection.query(sql);
  };
  const shown = async () => {
    const rows = await administrator.ask('SHOW PROCESSLIST');
    return String(rows.find((each) => each['Id'] === id)?.['State'] ?? '');
  };
  /** Sends it without waiting for its end, which may be a violent one. */
  const start = async (sql: string, sign: RegExp) => {
    last = connection.query(sql).catch(() => undefined);
    await until(async () => sign.test(await shown()));
  };
  return {
    id,
    get isOpen() {
      return isOpen;
    },
    query,
    begin: () => query('BEGIN; SELECT COUNT(*) FROM main.ledger'),
    fail: async () => {
      await query('BEGIN; SELECT COUNT(*) FROM main.ledger');
      await query('SELECT * FROM main.nowhere').catch(() => undefined);
    },
    commit: () => query('COMMIT'),
    lockRow: (row) => query(`UPDATE main.ledger SET amount = amount + 1 WHERE id = ${row}`),
    startWaiting: start,
    startWaitingForRow: (row) => start(`UPDATE main.ledger SET amount = amount + 1 WHERE id = ${row}`, /^updating$/i),
    startQuery: (seconds) => start(`SELECT SLEEP(${seconds})`, /^User sleep$/),
    // The server waits for its client to read on, and KILL QUERY does not touch the network.
    startIgnoringCancel: async () => {
      const flood = start(
        `WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT REPEAT('x', 500000) FROM n`,
        /^(Sending to client|Writing to net|Sending data|executing)$/,
      );
      connection.pause();
      await flood;
    },
    holdAdvisoryLock: (key = 7) => query(`SELECT GET_LOCK('key ${key}', 0)`),
    startWaitingForAdvisoryLock: (key) => start(`SELECT GET_LOCK('key ${key}', 60)`, /^User lock$/),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      // A session that is busy does not hear a goodbye.
      await administrator.ask(`KILL ${id}`).catch(() => undefined);
      connection.destroy();
    },
  };
}
