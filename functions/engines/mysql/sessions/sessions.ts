import { UNKNOWN_BLOCKER, type Holding, type Session } from '../../../core/server/session.ts';
import {
  isMaintenance,
  redactStatement,
  type Statement,
  type StatementDetail,
} from '../../../core/server/statement.ts';
import { OWN_APPLICATION } from '../../shared/connection.ts';
import { withToolSiblings } from '../../shared/looks/tool-siblings.ts';
import { redactOnce } from '../../shared/redact-once.ts';
import { atLeast, exact, withPossibleTime } from './ages.ts';
import { NOT_SHOWN, type Applications } from '../connect/applications.ts';
import { metadataBlockers, rowBlockers, united, type Blockers } from './blockers.ts';
import { holdingsOf, locksHeldBy, mayHoldMore } from './holdings.ts';
import type { Details, Usage } from './session-reader.ts';
import { kindOf, takesSlot, UNAUTHENTICATED, waitsForServerLock } from './states.ts';
import { holdersOfBackupLocks, toolOfText, withPossibleBackups } from './tools.ts';
import type { ProcessRow, TransactionRow } from './usage.sql.ts';
import { transactionMark, workOf, type Work } from './work.ts';

/** Who is Headroom itself. */
interface Own {
  readonly id: number;
  readonly responder: string;
  readonly canary: string | null;
}

/**
 * What is the same for all sessions: the server's identity, which sessions are Headroom's, what statements may show.
 */
export interface SessionContext {
  readonly server: string;
  /** When the server started, in epoch seconds by its own clock. */
  readonly startedAt: number;
  readonly own: Own;
  readonly statements: StatementDetail;
}

/** A session as it was read, with what only this engine needs. */
export interface Observed extends Pick<Work, 'isUndoing' | 'stillness'> {
  readonly session: Session;
  readonly takesSlot: boolean;
  /** Whose login of Headroom's it has, whether or not Headroom opened it. */
  readonly login: 'responder' | 'canary' | null;
  /** It connected within ARRIVED_MS; null where that is not known. */
  readonly hasArrived: boolean | null;
}

/** Puts together what was read apart. Without details a waiter's blockers are unknown, and so is what sessions hold. */
export function observe(
  usage: Usage,
  details: Details | null,
  context: SessionContext,
  applications = details?.applications ?? NOT_SHOWN,
): readonly Observed[] {
  const byThread = sessionsByThread(usage);
  const rowWaits = details === null ? new Map() : rowBlockers(details.rowWaits, usage.innodb);
  const tableWaits = details === null ? new Map() : metadataBlockers(details.metadataLocks, byThread);
  const namedWaits = new Map(details?.namedLockWaits.map(({ waiter, holder }) => [waiter, [holder]]));
  const index: Index = {
    context,
    details,
    applications,
    doubtful: usage.doubtful,
    unread: usage.unread,
    showsThreads: usage.threads.size > 0,
    connectedMs: usage.connectedMs,
    leastConnectedMs: usage.leastConnectedMs,
    hasArrived: usage.hasArrived,
    rowWaits,
    tableWaits,
    namedWaits,
    locksHeld: locksHeldBy(details, byThread),
    toolOf: usage.toolOf,
    holdBackupLocks: holdersOfBackupLocks(details?.metadataLocks ?? [], byThread),
    redact: redactOnce((text) => redactStatement(text, 'mysql', context.statements)),
  };
  const innodb = new Map(usage.innodb.map((row) => [row.id, row]));
  const listed = usage.processes.map((row) => {
    const process = withPossibleTime(row, usage.connectedMs(row.id), context.startedAt);
    return observeOne(process, workOf(process, innodb.get(process.id), usage), index);
  });
  const observed = [...listed, ...leaving(usage, context.server)];
  const known = usage.withKnownAges(observed.map(({ session }) => session));
  const sessions = withPossibleBackups(withToolSiblings(known), usage.mayBackUp);
  return observed.map((found, at) => ({ ...found, session: sessions[at] ?? found.session }));
}

/** What was read of all sessions, to be found by session. */
interface Index {
  readonly context: SessionContext;
  readonly details: Details | null;
  readonly applications: Applications;
  readonly doubtful: ReadonlySet<number>;
  readonly unread: Usage['unread'];
  /** One without a thread is one that performance_schema had no room for. */
  readonly showsThreads: boolean;
  readonly connectedMs: Usage['connectedMs'];
  readonly leastConnectedMs: Usage['leastConnectedMs'];
  readonly hasArrived: Usage['hasArrived'];
  readonly rowWaits: Blockers;
  readonly tableWaits: Blockers;
  readonly namedWaits: Blockers;
  readonly locksHeld: ReadonlyMap<number, readonly Holding[]>;
  readonly toolOf: Usage['toolOf'];
  readonly holdBackupLocks: ReadonlySet<number>;
  readonly redact: (text: string) => Statement;
}

function observeOne(process: ProcessRow, work: Work, index: Index): Observed {
  const { id, user } = process;
  const { state, ages, queryMark, text, transactionMs, transactionMark, rowsModified } = work;
  const statement = text === null || text === '' ? null : index.redact(text);
  return {
    session: {
      ...whose(process, work, index),
      state,
      connectedMs: index.connectedMs(id),
      leastConnectedMs: index.leastConnectedMs(id),
      transactionMs,
      stateMs: ages.stateMs,
      queryMs: ages.queryMs,
      transactionMark,
      queryMark,
      ...waitingOf(process, work, statement, index),
      holds: holdingsOf(process, work, {
        locks: index.locksHeld.get(id) ?? [],
        isPrepared: isPrepared(id, work, index.details),
        mayReplicate: user !== null && index.details?.replicators.has(user) === true,
      }),
      hasWritten: (work.transaction?.rows_modified ?? 0) > 0,
      rowsModified,
      statement,
    },
    takesSlot: takesSlot(process),
    login: loginOf(user, index.context.own),
    hasArrived: index.hasArrived(id),
    isUndoing: work.isUndoing,
    stillness: work.stillness,
  };
}

/** A transaction that is not listed as prepared any more has ended in another session. */
function isPrepared(id: number, { preparedXid }: Work, details: Details | null): boolean {
  if (details === null) return false;
  if (preparedXid === null) return details.prepared.has(id);
  return details.xids === null || details.xids.some(({ key }) => key === preparedXid);
}

type Whose =
  | 'identity'
  | 'kind'
  | 'own'
  | 'superuser'
  | 'administrator'
  | 'user'
  | 'application'
  | 'tool'
  | 'doubts'
  | 'database'
  | 'client';

function whose(process: ProcessRow, work: Work, index: Index): Pick<Session, Whose> {
  const { id, user, host, database } = process;
  const { text, ages } = work;
  const { context, details, applications, doubtful } = index;
  const { server, own } = context;
  const application = applications.of(id) ?? (isDump(text) ? 'mysqldump' : null);
  return {
    identity: { server, id, incarnation: `${user ?? ''}@${host ?? ''}` },
    kind: kindOf(process),
    own: id === own.id || isOwn({ login: loginOf(user, own), application, stateMs: ages.stateMs ?? 0 }),
    superuser: user !== null && details?.superusers.has(user) === true,
    administrator: details?.administrators?.has(user ?? '') ?? null,
    user: user === UNAUTHENTICATED ? null : user,
    application: application ?? '',
    tool: index.toolOf(id, index.holdBackupLocks.has(id) ? 'backup' : toolOfText(text)),
    doubts: [
      ...(doubtful.has(id) ? (['user'] as const) : []),
      ...(application === null ? (['application'] as const) : []),
      ...(mayHoldMore(work, index.unread) || (index.showsThreads && work.stillness.thread === null)
        ? (['holdings'] as const)
        : []),
    ],
    database,
    client: clientOf(host),
  };
}

/** A canary leaves as soon as it has got in. */
const LONGEST_CANARY_MS = 60_000;

/**
 * Where the server does not show applications, sessions of Headroom's logins count as its own, but not those that a
 * canary cannot be.
 */
function isOwn({ login, application, stateMs }: Pick<Observed, 'login'> & Unnamed): boolean {
  if (login === null) return false;
  return application === null ? login === 'responder' || stateMs < LONGEST_CANARY_MS : application === OWN_APPLICATION;
}

interface Unnamed {
  readonly application: string | null;
  readonly stateMs: number;
}

function loginOf(user: string | null, { responder, canary }: Own): Observed['login'] {
  if (user === responder) return 'responder';
  return user !== null && user === canary ? 'canary' : null;
}

function waitingOf(
  { id, doing }: ProcessRow,
  { isAsleep, transaction, ages, stillness }: Work,
  statement: Statement | null,
  { rowWaits, tableWaits, namedWaits, details, redact }: Index,
): Pick<Session, 'wait' | 'lockWaitMs' | 'blockedBy'> {
  const blockedBy = united(id, rowWaits, tableWaits, namedWaits);
  const inner = details?.inner.get(stillness.thread ?? -1);
  const insideRoutine = () =>
    inner === undefined ? null : sinceOpening(redact(inner.statement ?? ''), exact(inner.began_ms));
  const waitsForRow = transaction?.state === 'LOCK WAIT';
  const waitsForTable = tableWaits.has(id) || (!isAsleep && waitsForServerLock(doing));
  if (!waitsForRow && !waitsForTable) {
    const isShown = !isAsleep && doing !== null && doing !== '';
    return { wait: isShown ? { type: 'State', event: doing } : null, lockWaitMs: null, blockedBy };
  }
  return {
    wait: { type: 'Lock', event: waitsForServerLock(doing) ? (doing ?? '') : 'row lock' },
    lockWaitMs: waitsForRow ? atLeast(transaction.wait_s) : (insideRoutine() ?? sinceOpening(statement, ages.queryMs)),
    blockedBy: blockedBy.length === 0 ? [UNKNOWN_BLOCKER] : blockedBy,
  };
}

/**
 * Ordinary statements take their table locks when they begin. One that changes a table may have worked for hours before
 * it waits, and CALL may run anything: there the statement inside counts, where the server shows it.
 */
function sinceOpening(statement: Statement | null, queryMs: number | null): number {
  const verb = statement?.verb ?? '';
  return isMaintenance(verb) || verb === 'CALL' || verb === '' ? 0 : (queryMs ?? 0);
}

/** Sessions that others wait for. */
export function blockersOf(usage: Usage, details: Details): ReadonlySet<number> {
  const rows = rowBlockers(details.rowWaits, usage.innodb);
  const tables = metadataBlockers(details.metadataLocks, sessionsByThread(usage));
  return new Set([...rows.values(), ...tables.values()].flat());
}

function sessionsByThread({ threads }: Usage): ReadonlyMap<number, number> {
  return new Map([...threads].map(([id, thread]) => [thread, id]));
}

/**
 * MySQL without performance_schema: a session that was ended after it had written is no longer listed, but keeps its
 * slot until its work is undone.
 */
function leaving({ processes, innodb }: Usage, server: string): readonly Observed[] {
  const listed = new Set(processes.map(({ id }) => id));
  return innodb
    .filter(({ id, state }) => id !== 0 && state === 'ROLLING BACK' && !listed.has(id))
    .map((row) => observeLeaving(row, server));
}

function observeLeaving(row: TransactionRow, server: string): Observed {
  return {
    session: {
      identity: { server, id: row.id, incarnation: '' },
      kind: 'client',
      own: false,
      superuser: false,
      administrator: null,
      user: null,
      application: '',
      doubts: [],
      tool: null,
      database: null,
      client: null,
      state: 'rolling-back',
      connectedMs: null,
      transactionMs: atLeast(row.age_s),
      stateMs: null,
      queryMs: null,
      transactionMark: transactionMark(undefined, row),
      queryMark: null,
      wait: null,
      lockWaitMs: null,
      blockedBy: [],
      holds: [],
      hasWritten: true,
      rowsModified: row.rows_modified,
      statement: null,
    },
    takesSlot: true,
    login: null,
    hasArrived: null,
    isUndoing: true,
    stillness: { isAsleep: false, thread: null, statement: null, seconds: 0, beganAt: null },
  };
}

/** By the comment in every statement that mysqldump reads a table with. */
function isDump(text: string | null): boolean {
  return text !== null && /^\s*SELECT \/\*!40001 SQL_NO_CACHE \*\//.test(text);
}

/** Without its port; null for a local socket. */
function clientOf(host: string | null): string | null {
  return host === null || !host.includes(':') ? null : host.slice(0, host.lastIndexOf(':'));
}
