import { setTimeout as sleep } from 'node:timers/promises';
import { ARRIVED_MS } from '../../../core/server/consumer-count.ts';
import { PREPARED_TRANSACTION, type Session, type Tool } from '../../../core/server/session.ts';
import { createDetailReader, type DetailReader } from '../../shared/looks/details.ts';
import { rememberLooks, type EarlierLooks, type Look } from '../../shared/looks/earlier-looks.ts';
import { countdown } from '../../shared/within.ts';
import type { Admitted } from '../connect/connect.ts';
import { isServerError } from '../connect/connection.ts';
import { PROCESSLIST } from '../connect/features.ts';
import { LOST_THREADS } from '../connect/login.sql.ts';
import { NOT_SHOWN, readApplications, type Applications } from '../connect/applications.ts';
import { lockNameIn, type NamedLockWait } from './blockers.ts';
import { trackArrivals, type Arrivals } from './memory/arrivals.ts';
import { trackOwners, type Owners } from './memory/owners.ts';
import { trackSleepers, type Sleepers } from './memory/sleepers.ts';
import {
  ACCOUNTS,
  administrators,
  LOCK_HOLDER,
  lockWaiters,
  INNODB_STATUS,
  METADATA_LOCKS,
  MOST_PRINTED,
  PREPARED,
  REPLICATORS,
  rowWaits,
  USER_LIMITS,
  type AccountRow,
  type MetadataLockRow,
} from './sessions.sql.ts';
import { waitsForServerLock } from './states.ts';
import { preparedIn, xidKey, xidOf, type Xid } from './xa.ts';
import {
  INNER_STATEMENTS,
  INNODB_TRANSACTIONS,
  OPEN_TRANSACTIONS,
  processes,
  statements,
  THREADS,
  type InnerStatement,
  type Listing,
  type ProcessRow,
  type Scope,
  type StatementRow,
  type TransactionRow,
} from './usage.sql.ts';

/** What the server shows of its sessions, each table as it was read. Maps are by thread, empty where there are none. */
export interface Usage {
  readonly processes: readonly ProcessRow[];
  /** From before the processes were read until after the statements were. */
  readonly readWithinMs: number;
  /** See Arrivals. */
  readonly connectedMs: (id: number) => number | null;
  readonly leastConnectedMs: (id: number) => number;
  /** Within ARRIVED_MS; see Arrivals. */
  readonly hasArrived: (id: number) => boolean | null;
  /** See Sleepers. */
  readonly asleepMs: (id: number) => number;
  readonly atWorkMs: (id: number) => number | null;
  /** The sessions put together from this, with the ages that earlier looks do not contradict. See EarlierLooks. */
  readonly withKnownAges: (sessions: readonly Session[]) => readonly Session[];
  /** Threads by session. */
  readonly threads: ReadonlyMap<number, number>;
  /** Sessions that may be somebody else's than they seem. */
  readonly doubtful: ReadonlySet<number>;
  /** Users that may hold the lock of a backup without that it shows. */
  readonly mayBackUp: ReadonlySet<string>;
  /** What a session has shown itself to be, now or at an earlier look. `shown`: what its statement shows now. */
  readonly toolOf: (id: number, shown: Tool | null) => Tool | null;
  readonly statements: ReadonlyMap<number, StatementRow>;
  /** `xid`: see xidKey; null unless the transaction is prepared. */
  readonly openTransactions: ReadonlyMap<
    number,
    { readonly event: number; readonly age_ms: number | null; readonly xid: string | null }
  >;
  readonly innodb: readonly TransactionRow[];
  /** What of this look could not be read, its Details included. */
  readonly unread: DetailReader;
}

/** What is needed only to end sessions, and to explain a cause. */
export interface Details {
  readonly rowWaits: readonly { readonly waiter: string; readonly blocker: string }[];
  readonly metadataLocks: readonly MetadataLockRow[];
  /** Of GET_LOCK, where the locks above do not show it. */
  readonly namedLockWaits: readonly NamedLockWait[];
  /** What they run inside a routine, by thread: the innermost. Empty where nobody waits for a lock of the server's. */
  readonly inner: ReadonlyMap<number, InnerStatement>;
  readonly applications: Applications;
  readonly superusers: ReadonlySet<string>;
  /** See Session.administrator; null where the responder may not see them. */
  readonly administrators: ReadonlySet<string> | null;
  /** The prepared transactions; null when this login may not read them. */
  readonly xids: readonly Xid[] | null;
  /** Sessions whose transaction is prepared, where performance_schema does not say so. */
  readonly prepared: ReadonlySet<number>;
  /** Users that may replicate; none where the server does not tell. */
  readonly replicators: ReadonlySet<string>;
  /** Sessions that a user may have, where it has a limit of its own. */
  readonly userLimits: ReadonlyMap<string, number>;
}

/** Reads what one server shows of its sessions, over one connection, and remembers what only several reads show. */
export interface SessionReader {
  /** Within `timeoutMs` in all. Only the list of sessions may not be missing. */
  readUsage(scope: Scope, timeoutMs: number): Promise<Usage>;
  /** `timeoutMs`: for each of its statements. */
  readDetails(usage: Usage, timeoutMs: number): Promise<Details>;
  readApplications(timeoutMs: number): Promise<Applications>;
}

/** What earlier reads leave behind. */
interface Memory {
  readonly arrivals: Arrivals;
  readonly sleepers: Sleepers;
  readonly looks: EarlierLooks;
  readonly owners: Owners;
  readonly tools: Map<number, Tool>;
  innodbReadAt: number;
}

export function createSessionReader(admitted: Admitted): SessionReader {
  // A connection of ours that has just gone may have read it just now.
  const memory: Memory = {
    arrivals: trackArrivals(),
    sleepers: trackSleepers(),
    looks: rememberLooks(),
    owners: trackOwners(),
    tools: new Map(),
    innodbReadAt: Date.now(),
  };
  memory.arrivals.note(admitted.self.id, Date.now());
  return {
    readUsage: (scope, timeoutMs) => readUsage(admitted, memory, scope, timeoutMs),
    readDetails: (usage, timeoutMs) => readDetails(admitted, usage, timeoutMs),
    readApplications: (timeoutMs) =>
      createDetailReader().read('applications', NOT_SHOWN, readApplications(admitted, timeoutMs)),
  };
}

/**
 * The order matters: what a session does is read before the transactions it may have, so a session that has done
 * nothing since has no other transaction either.
 */
async function readUsage(admitted: Admitted, memory: Memory, scope: Scope, timeoutMs: number): Promise<Usage> {
  const { connection, features, self } = admitted;
  const { thread } = self;
  const left = countdown(timeoutMs);
  const unread = createDetailReader();
  const askedAt = Date.now();
  const ids = scope.ids === null ? [] : [scope.ids];
  const rows = await connection.query(processes(await listingFor(admitted, left()), scope), ids, left());
  const answeredAt = Date.now();
  if (scope.ids === null) noteAll(memory, self.id, rows, askedAt);
  const shown = features.hasThreads ? await unread.read('owners', null, connection.query(THREADS, [], left())) : null;
  const threads = shown ?? [];
  const found = scope.ids === null ? [] : [threadsOf(scope.ids, threads)];
  const ran =
    thread === null
      ? []
      : await unread.read('statements', [], connection.query(statements(scope), [thread, thread, ...found], left()));
  const readWithinMs = Date.now() - askedAt;
  const needsAccounts = features.hasAccounts && !(shown !== null && features.showsLocks);
  const accounts = needsAccounts ? await unread.read('owners', null, connection.query(ACCOUNTS, [], left())) : null;
  const logins = new Map(threads.map((row) => [row.id, row]));
  const { processes: settled, doubtful } = memory.owners.settle(rows, { logins, accounts });
  const open =
    thread === null ? [] : await unread.read('transactions', [], connection.query(OPEN_TRANSACTIONS, [thread], left()));
  return {
    processes: settled,
    doubtful,
    mayBackUp: features.showsLocks ? new Set() : usersThatMayBackUp(accounts ?? []),
    toolOf: (id, shown) => recallTool(memory, id, shown),
    readWithinMs,
    connectedMs: (id) => memory.arrivals.connectedMs(id, answeredAt),
    leastConnectedMs: (id) => memory.arrivals.leastConnectedMs(id, answeredAt),
    hasArrived: (id) => memory.arrivals.hasArrived(id, answeredAt, ARRIVED_MS),
    asleepMs: (id) => memory.sleepers.asleepMs(id, askedAt),
    atWorkMs: (id) => memory.sleepers.atWorkMs(id, answeredAt),
    withKnownAges: (sessions) => judgeAges(memory, sessions, scope, { askedAt, answeredAt: askedAt + readWithinMs }),
    threads: new Map(threads.map(({ id, thread }) => [id, thread])),
    statements: new Map(ran.map((row) => [row.thread, row])),
    openTransactions: new Map(
      open.map((row) => [row.thread, { ...row, xid: row.prepared === 1 ? xidKey(row) : null }]),
    ),
    innodb: features.hasTransactions
      ? await unread.read('transactions', [], readTransactions(admitted, memory, left()))
      : [],
    unread,
  };
}

/** The list in performance_schema lacks the sessions that it has no room for. */
async function listingFor({ connection, features }: Admitted, timeoutMs: number): Promise<Listing> {
  if (features.processlist === PROCESSLIST) return features;
  const [row] = await connection.query(LOST_THREADS, [], timeoutMs);
  return (row?.lost ?? 0) === 0 ? features : { ...features, processlist: PROCESSLIST };
}

/** At least one, as an empty list is no SQL: no thread has the number 0. */
function threadsOf(ids: readonly number[], threads: readonly { readonly id: number; readonly thread: number }[]) {
  return [0, ...threads.flatMap(({ id, thread }) => (ids.includes(id) ? [thread] : []))];
}

/** `rows`: all sessions of the server. */
function noteAll(
  { arrivals, sleepers, owners, tools }: Memory,
  ownId: number,
  rows: readonly ProcessRow[],
  askedAt: number,
): void {
  arrivals.note(Math.max(ownId, ...rows.map(({ id }) => id)), askedAt);
  const { asleep = [], atWork = [] } = Object.groupBy(rows, ({ command }) =>
    command === 'Sleep' ? 'asleep' : 'atWork',
  );
  const idsAtWork = atWork.map(({ id }) => id);
  sleepers.note(asleep, idsAtWork, askedAt);
  const ids = new Set(rows.map(({ id }) => id));
  owners.keep(ids);
  for (const id of tools.keys()) if (!ids.has(id)) tools.delete(id);
}

function usersThatMayBackUp(accounts: readonly AccountRow[]): ReadonlySet<string> {
  return new Set(accounts.flatMap(({ user, may_back_up }) => (may_back_up === 1 ? [user] : [])));
}

function recallTool({ tools }: Memory, id: number, shown: Tool | null): Tool | null {
  if (shown !== null) tools.set(id, shown);
  return tools.get(id) ?? null;
}

/** Only a look at all sessions is one that later looks are compared with. */
function judgeAges({ looks }: Memory, sessions: readonly Session[], scope: Scope, look: Look): readonly Session[] {
  if (scope.ids === null) return looks.checkAll(sessions, look);
  return sessions.map((session) => looks.check(session, look));
}

/** Two reads closer to each other than this would see the same transactions: see INNODB_TRANSACTIONS. */
const INNODB_REST_MS = 110;

async function readTransactions(
  { connection }: Admitted,
  memory: Memory,
  timeoutMs: number,
): Promise<readonly TransactionRow[]> {
  await sleep(Math.max(0, memory.innodbReadAt + INNODB_REST_MS - Date.now()));
  const rows = await connection.query(INNODB_TRANSACTIONS, [], timeoutMs);
  memory.innodbReadAt = Date.now();
  return rows;
}

async function readDetails(admitted: Admitted, usage: Usage, timeoutMs: number): Promise<Details> {
  const { connection, features } = admitted;
  const { innodb, unread } = usage;
  const waiting = innodb.filter(({ state }) => state === 'LOCK WAIT').map(({ trx }) => Number(trx));
  // They grow with the square of the queue, and may take longer than a statement may.
  const waits =
    waiting.length === 0 || features.rowWaits === null
      ? []
      : await unread.read('blockers', [], connection.query(rowWaits(features.rowWaits), [waiting], timeoutMs));
  const locks = features.hasMetadataLocks
    ? await unread.read('locks', [], connection.query(METADATA_LOCKS, [], timeoutMs))
    : [];
  const showsNamedLocks = locks.some(({ kind }) => kind === 'USER LEVEL LOCK');
  const namedLockWaits = showsNamedLocks
    ? []
    : await unread.read('locks', [], readNamedLockWaits({ connection, features }, timeoutMs));
  const inner = await unread.read('statements', [], readInner(admitted, usage, timeoutMs));
  const applications = await unread.read('applications', NOT_SHOWN, readApplications(admitted, timeoutMs));
  const chiefs = await unread.read('administrators', null, readChiefs(admitted, timeoutMs));
  const replicators = features.hasReplicators
    ? await unread.read('replicators', [], connection.query(REPLICATORS, [], timeoutMs))
    : [];
  const limits = features.hasUserLimits
    ? await unread.read('consumer-limits', [], connection.query(USER_LIMITS, [], timeoutMs))
    : [];
  const xids = features.seesPrepared ? await unread.read('prepared', null, readXids(admitted, timeoutMs)) : null;
  const prepared = await unread.read('prepared', null, readPrepared(admitted, innodb, xids, timeoutMs));
  return {
    rowWaits: waits,
    metadataLocks: locks,
    namedLockWaits,
    inner: new Map(inner.map((row) => [row.thread, row])),
    xids,
    prepared: prepared ?? new Set(ownersOf(innodb)),
    applications,
    ...(chiefs ?? { superusers: new Set(), administrators: null }),
    replicators: new Set(replicators.map(({ name }) => name)),
    userLimits: new Map(limits.map(({ name, most }) => [name, most])),
  };
}

/** In their order: of several of one thread, the innermost comes last. */
async function readInner(
  { connection, self: { thread } }: Admitted,
  { processes }: Usage,
  timeoutMs: number,
): Promise<readonly InnerStatement[]> {
  if (thread === null || !processes.some(({ doing }) => waitsForServerLock(doing))) return [];
  return connection.query(INNER_STATEMENTS, [thread], timeoutMs);
}

async function readXids({ connection, features }: Admitted, timeoutMs: number): Promise<readonly Xid[]> {
  return (await connection.query(PREPARED[features.engine], [], timeoutMs)).map(xidOf);
}

/** Sessions with a transaction. */
function ownersOf(innodb: readonly TransactionRow[]): readonly number[] {
  return innodb.filter(({ id }) => id !== PREPARED_TRANSACTION).map(({ id }) => id);
}

/**
 * Whose transaction is prepared, by InnoDB's status, which is read only when it can say so. Where it is too long to be
 * printed, every session with a transaction may be one of them.
 */
async function readPrepared(
  { connection, features, self }: Admitted,
  innodb: readonly TransactionRow[],
  xids: readonly Xid[] | null,
  timeoutMs: number,
): Promise<ReadonlySet<number>> {
  const owned = ownersOf(innodb);
  const most = xids === null ? owned.length : xids.length - (innodb.length - owned.length);
  if (self.thread !== null || features.detachesPrepared || owned.length === 0 || most <= 0) return new Set();
  if (innodb.length > MOST_PRINTED) return new Set(owned);
  const [row] = await connection.query(INNODB_STATUS, [], timeoutMs);
  const found = preparedIn(row?.Status ?? '');
  return xids !== null && found.size < most ? new Set(owned) : found;
}

/** A name that the server does not take has no holder. It comes from a client's statement, and may be anything. */
async function holderOf(connection: Admitted['connection'], name: string, timeoutMs: number): Promise<number | null> {
  try {
    const [row] = await connection.query(LOCK_HOLDER, [name], timeoutMs);
    return row?.holder ?? null;
  } catch (error) {
    if (isServerError(error)) return null;
    throw error;
  }
}

/** Most names that are asked for: each is a statement of its own. */
const MOST_NAMES = 32;

/**
 * Who holds the locks that sessions wait for in GET_LOCK, where metadata_locks does not show them. The waiter's
 * statement has the name, and the server tells everybody who holds a name. A lock that nobody waits for stays unseen.
 */
async function readNamedLockWaits(
  { connection, features }: Pick<Admitted, 'connection' | 'features'>,
  timeoutMs: number,
): Promise<readonly NamedLockWait[]> {
  const waiters = await connection.query(lockWaiters(features), [], timeoutMs);
  const named = waiters.flatMap(({ id, statement }) => {
    const name = lockNameIn(statement ?? '');
    return name === null ? [] : [{ id, name }];
  });
  const holders = new Map<string, number | null>();
  for (const { name } of named) {
    if (!holders.has(name) && holders.size < MOST_NAMES) holders.set(name, await holderOf(connection, name, timeoutMs));
  }
  return named.flatMap(({ id, name }) => {
    const holder = holders.get(name) ?? null;
    return holder === null || holder === id ? [] : [{ waiter: id, holder }];
  });
}

/** On RDS the responder cannot be kept from a session of the master user: the plan leaves it alone. */
async function readChiefs(
  { connection, features }: Pick<Admitted, 'connection' | 'features'>,
  timeoutMs: number,
): Promise<Pick<Details, 'superusers' | 'administrators'>> {
  const shown = features.administrators === 'privileges';
  const rows = shown ? await connection.query(administrators(features), [], timeoutMs) : [];
  const names = new Set(rows.map(({ name }) => name));
  if (!features.isRds) return { superusers: names, administrators: new Set() };
  return { superusers: new Set(['rdsadmin']), administrators: shown ? names : null };
}
