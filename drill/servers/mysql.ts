import {
  LOG_SIZE,
  makeMysqlFiles,
  PID_FILE,
  SMALL_AND_FAST,
  toArguments,
  type MysqlFiles,
} from './files/mysql-files.ts';
import { FLAVOUR_FACTS, type MysqlFlavour } from './files/mysql-flavours.ts';
import { HOST, startServer } from './server-process.ts';

export interface MysqlOptions {
  readonly flavour: MysqlFlavour;
  /** Default 100. MariaDB takes no less than 10. One more is for administrators (CONNECTION_ADMIN). */
  readonly maxConnections?: number;
  /** Default: the flavour's own, on for MySQL and off for MariaDB. */
  readonly performanceSchema?: boolean;
  /** Further server settings, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: any free port. */
  readonly port?: number;
}

interface MysqlLogin {
  readonly user: string;
  readonly password: string;
  /** Default: none. */
  readonly database?: string;
}

/** A real MySQL or MariaDB server on the loopback interface. Every login needs its password. */
export interface MysqlServer {
  readonly host: string;
  readonly port: number;
  readonly flavour: MysqlFlavour;
  /** As the program says: `9.7.4-2`, `10.11.18-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** The data folder: private to the server's account. */
  readonly data: string;
  /** `root`, with every privilege. */
  readonly adminUrl: string;
  urlFor(login: MysqlLogin): string;
  /** `fast` closes sessions in order; `immediate` is a crash with recovery at the next start. */
  restart(mode: 'fast' | 'immediate'): Promise<void>;
  /** Ends the server and removes its files. May be called again. */
  stop(): Promise<void>;
  /** What the server has logged so far. */
  log(): string;
}

/**
 * Starts a server. Throws, with the server's log and what to do, when it cannot. The server ends when this process
 * does, even when that is killed outright. MySQL offers TLS with certificates of its own making, MariaDB offers none.
 */
export async function startMysql(options: MysqlOptions): Promise<MysqlServer> {
  const { flavour } = options;
  const files = await makeMysqlFiles(flavour);
  const running = await startServer(
    {
      name: FLAVOUR_FACTS[flavour].title,
      command: (port) => [...files.program.command, ...toArguments(serverSettings(options, files, port))],
      account: files.account,
      readyMark: 'ready for connections',
      // Its data go with it: MySQL's orderly end would take more than a second for nothing.
      signals: { fast: 'SIGTERM', immediate: 'SIGKILL', final: 'SIGKILL' },
    },
    files,
    options.port,
  );
  const urlFor = ({ user, password, database = '' }: MysqlLogin) =>
    `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${HOST}:${running.port}/${encodeURIComponent(database)}`;
  return {
    ...running,
    host: HOST,
    flavour,
    version: files.program.version,
    data: files.data,
    adminUrl: urlFor({ user: 'root', password: files.adminPassword }),
    urlFor,
  };
}

function serverSettings(options: MysqlOptions, files: MysqlFiles, port: number): Record<string, string> {
  const { flavour, performanceSchema } = options;
  return {
    datadir: files.data,
    tmpdir: files.temporary,
    'pid-file': `${files.data}/${PID_FILE}`,
    // It cannot be switched off. Private to the server's account, like all of its data.
    socket: `${files.data}/s`,
    'bind-address': HOST,
    port: String(port),
    'skip-name-resolve': 'ON',
    'default-time-zone': '+00:00',
    'max-connections': String(options.maxConnections ?? 100),
    'secure-file-priv': '',
    ...SMALL_AND_FAST,
    ...LOG_SIZE[flavour],
    // Its second protocol would take a port of its own.
    ...(flavour === 'mysql' ? { mysqlx: 'OFF' } : {}),
    ...(performanceSchema === undefined ? {} : { 'performance-schema': performanceSchema ? 'ON' : 'OFF' }),
    ...options.settings,
  };
}
