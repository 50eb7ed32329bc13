import type * as z from 'zod/mini';
import type { EngineName, Visibility } from '../../../core/server/snapshot.ts';
import {
  accountPrivileges,
  killPrivilege,
  procedurePrivilege,
  quoteCurrentUser,
  RDS_PROCEDURES,
  schemaPrivileges,
  SEES,
  SEES_ACCOUNTS,
  SEES_LIMITS,
  SEES_REPLICATORS,
  type Privilege,
} from '../grants/grants.ts';
import type { COLUMNS, VARIABLES } from './login.sql.ts';

/** What this server has and this login may do, found out once per connection. */
export interface Features {
  readonly engine: Extract<EngineName, 'mysql' | 'mariadb'>;
  readonly version: string;
  /** Amazon runs it: settings live in a parameter group, sessions are ended through procedures. */
  readonly isRds: boolean;
  /** Which build this is: `11.4` of `11.4.2-MariaDB`. */
  readonly release: { readonly major: number; readonly minor: number };
  readonly serverUuid: string | null;
  /** The instance, on Aurora. */
  readonly instance: string | null;
  readonly hasSuperReadOnly: boolean;
  /** performance_schema is on and times every statement (MySQL): the exact way, and it holds no session up. */
  readonly hasTimers: boolean;
  /** performance_schema is on, and shows no session: it has room for none. */
  readonly isUnwatched: boolean;
  /** Where sessions are listed. Every login may read either, so neither shows among the columns. */
  readonly processlist: 'performance_schema.processlist' | 'information_schema.PROCESSLIST';
  /** PROCESSLIST numbers statements and has times in milliseconds (MariaDB). */
  readonly hasQueryIds: boolean;
  /** INNODB_TRX may be read. */
  readonly hasTransactions: boolean;
  /** Where waits for row locks name the transaction ahead. */
  readonly rowWaits: 'performance_schema' | 'information_schema' | null;
  readonly hasMetadataLocks: boolean;
  /** And they surely show them: MariaDB does not, unless its instrument for it is on. */
  readonly showsLocks: boolean;
  /** Threads show who logged in, where the list of sessions shows as whom a session acts. */
  readonly hasThreads: boolean;
  /** The accounts may be read; needed where threads do not show who logged in, or locks not who holds them. */
  readonly hasAccounts: boolean;
  readonly hasAttributes: boolean;
  /** How administrators are recognised: by their privileges, RDS itself by its name alone, or not at all. */
  readonly administrators: 'privileges' | 'names' | null;
  /** The limits of single users may be read. */
  readonly hasUserLimits: boolean;
  /** XA RECOVER may be read. */
  readonly seesPrepared: boolean;
  /** A prepared transaction belongs to no session from then on (MySQL, by a setting that is on by default). */
  readonly detachesPrepared: boolean;
  /** Which users may replicate may be read. */
  readonly hasReplicators: boolean;
  /** How sessions are ended: by RDS's procedures where they are offered to us, else by KILL. */
  readonly kills: 'procedures' | 'statements';
  /** May use the slot beyond max_connections. */
  readonly reserved: boolean;
  readonly visibility: Visibility;
}

/** What the server and the login were asked for, to find out about features. */
interface ServerFacts {
  readonly account: string;
  readonly variables: readonly z.infer<typeof VARIABLES.row>[];
  readonly columns: readonly z.infer<typeof COLUMNS.row>[];
  readonly grants: readonly string[];
}

export function featuresOf({ account, variables, columns, grants }: ServerFacts): Features {
  const variable = new Map(variables.map(({ Variable_name, Value }) => [Variable_name, Value]));
  const product = productOf(variable);
  const { engine } = product;
  const may = privilegesOf(grants);
  const isRds = may.kill.size > 0 || (variable.get('basedir') ?? '').startsWith('/rdsdbbin');
  const kills = isRds && may.kill.size === RDS_PROCEDURES.length ? 'procedures' : 'statements';
  const readable = readableIn(columns);
  const sources = sourcesOf(engine, variable, readable);
  const readsAccounts = accountPrivileges(engine, isRds).every(readable.isGranted);
  const administrators = readsAccounts ? 'privileges' : isRds ? 'names' : null;
  const lacking: readonly Privilege[] = [
    ...(may.process ? [] : [SEES]),
    ...killsLacking(engine, isRds, may),
    ...(administrators === null ? accountPrivileges(engine, isRds) : []),
    ...schemaLacking(engine, variable, readable),
  ];
  const listsSessions = sources.processlist !== PROCESSLIST || readable.has('information_schema', 'PROCESSLIST');
  return {
    ...product,
    ...sources,
    isUnwatched: false,
    isRds,
    serverUuid: variable.get('server_uuid') ?? null,
    instance: variable.get('aurora_server_id') ?? null,
    hasSuperReadOnly: variable.has('super_read_only'),
    hasTransactions: may.process,
    administrators,
    hasAccounts: readable.isGranted(SEES_ACCOUNTS),
    hasUserLimits: readable.isGranted(SEES_LIMITS),
    seesPrepared: engine === 'mariadb' || may.recoverXa,
    detachesPrepared: variable.get('xa_detach_on_prepare') === 'ON',
    hasReplicators: readable.isGranted(SEES_REPLICATORS),
    kills,
    reserved: may.anyKill,
    visibility: {
      seesSessions: may.process && administrators !== null && listsSessions,
      maySignal: kills === 'procedures' || may.anyKill,
      seesBlockers: sources.rowWaits !== null,
      ...howToShowBlockers(engine, variable),
      missing: lacking.map(({ grant }) => `GRANT ${grant} TO ${quoteCurrentUser(account)}`),
    },
  };
}

/**
 * Where performance_schema shows not even our own session, it shows none (performance_schema_max_thread_instances = 0):
 * its list of sessions is empty, and so is all else that it would tell of them. The other list has them.
 */
export function unwatched(features: Features): Features {
  return {
    ...features,
    isUnwatched: true,
    processlist: PROCESSLIST,
    hasTimers: false,
    hasThreads: false,
    hasMetadataLocks: false,
    showsLocks: false,
    hasAttributes: false,
  };
}

type Variables = ReadonlyMap<string, string>;

function productOf(variable: Variables): Pick<Features, 'engine' | 'version' | 'release'> {
  const version = variable.get('version') ?? '';
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    engine: /mariadb/i.test(`${version} ${variable.get('version_comment') ?? ''}`) ? 'mariadb' : 'mysql',
    version,
    release: { major: Number(major), minor: Number(minor) },
  };
}

/** What this login may read of the tables that are of use. */
interface Readable {
  readonly has: (schema: string, table: string, column?: string) => boolean;
  /** Every column that a privilege to SELECT names. */
  readonly isGranted: (privilege: Privilege) => boolean;
}

function readableIn(columns: ServerFacts['columns']): Readable {
  const has: Readable['has'] = (schema, table, column) =>
    columns.some(
      (found) =>
        found.table_schema === schema &&
        found.table_name === table &&
        (column === undefined || found.column_name.toLowerCase() === column.toLowerCase()),
    );
  return {
    has,
    isGranted({ grant }) {
      const [, names = '', schema = '', table = ''] = /\((.*)\) ON (\w+)\.(\w+)/.exec(grant) ?? [];
      return names.split(', ').every((column) => has(schema, table, column));
    },
  };
}

export const PROCESSLIST = 'information_schema.PROCESSLIST';

type Sources =
  | 'hasTimers'
  | 'processlist'
  | 'hasQueryIds'
  | 'rowWaits'
  | 'hasMetadataLocks'
  | 'hasThreads'
  | 'showsLocks'
  | 'hasAttributes';

/** Where this server shows what its sessions are at. */
function sourcesOf(engine: Features['engine'], variable: Variables, { has }: Readable): Pick<Features, Sources> {
  const shows = (table: string) => isOn(variable) && has('performance_schema', table);
  const hasTimers = engine === 'mysql' && shows('threads') && shows('events_statements_current');
  // The table came with this setting, whose value does not matter for it.
  const listsItself = hasTimers && variable.has('performance_schema_show_processlist');
  const hasMetadataLocks = shows('metadata_locks') && shows('threads');
  const hasLockWaits = has('information_schema', 'INNODB_LOCK_WAITS');
  return {
    hasTimers,
    processlist: listsItself ? 'performance_schema.processlist' : PROCESSLIST,
    hasQueryIds: has('information_schema', 'PROCESSLIST', 'QUERY_ID'),
    rowWaits: shows('data_lock_waits') ? 'performance_schema' : hasLockWaits ? 'information_schema' : null,
    hasThreads: shows('threads'),
    hasMetadataLocks,
    showsLocks: hasMetadataLocks && engine === 'mysql',
    hasAttributes:
      shows('session_connect_attrs') && variable.get('performance_schema_session_connect_attrs_size') !== '0',
  };
}

/** Row locks show on MariaDB without it; who holds a lock on a table never does. */
function howToShowBlockers(engine: Features['engine'], variable: Variables): Pick<Visibility, 'toShowBlockers'> {
  if (!isOn(variable)) return { toShowBlockers: 'turn performance_schema on (this needs a restart)' };
  if (engine === 'mysql') return {};
  return {
    toShowBlockers:
      'let performance_schema watch locks on tables (of those taken from then on): ' +
      "UPDATE performance_schema.setup_instruments SET ENABLED = 'YES' WHERE NAME = 'wait/lock/metadata/sql/mdl'",
  };
}

function isOn(variable: Variables): boolean {
  return variable.get('performance_schema') === 'ON';
}

function schemaLacking(engine: Features['engine'], variable: Variables, { has }: Readable): readonly Privilege[] {
  if (!isOn(variable)) return [];
  return schemaPrivileges(engine).filter(({ table }) => !has('performance_schema', table));
}

interface Privileges {
  readonly process: boolean;
  /** KILL of other users' sessions. */
  readonly anyKill: boolean;
  readonly recoverXa: boolean;
  /** RDS's procedures that may be called. */
  readonly kill: ReadonlySet<string>;
}

/** From SHOW GRANTS, whose lines name privileges, then ON what, each name in backticks. */
export function privilegesOf(grants: readonly string[]): Privileges {
  const global = new Set<string>();
  const kill = new Set<string>();
  for (const line of grants) {
    const [, names = '', on = ''] = /^GRANT (.+?) ON (.+?) TO /.exec(line) ?? [];
    const object = on.replaceAll('`', '');
    if (object === '*.*') for (const name of names.split(/,\s*/)) global.add(name);
    const procedure = RDS_PROCEDURES.find((name) => object.toLowerCase() === `procedure mysql.${name}`);
    if (procedure !== undefined && /\b(EXECUTE|ALL PRIVILEGES)\b/.test(names)) kill.add(procedure);
  }
  const holds = (...names: readonly string[]) => ['ALL PRIVILEGES', ...names].some((name) => global.has(name));
  return {
    process: holds('PROCESS'),
    anyKill: holds('SUPER', 'CONNECTION_ADMIN', 'CONNECTION ADMIN'),
    recoverXa: holds('XA_RECOVER_ADMIN'),
    kill,
  };
}

function killsLacking(engine: Features['engine'], isRds: boolean, { kill, anyKill }: Privileges): readonly Privilege[] {
  if (isRds) return RDS_PROCEDURES.filter((name) => !kill.has(name)).map(procedurePrivilege);
  return anyKill ? [] : [killPrivilege(engine)];
}
