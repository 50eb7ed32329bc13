import { UNKNOWN_BLOCKER, type Holding, type Session } from '../../../core/server/session.ts';
import {
  isMaintenance,
  redactStatement,
  type Statement,
  type StatementDetail,
} from '../../../core/server/statement.ts';
import { redactOnce } from '../../shared/redact-once.ts';
import { agesOf, atLeast, exact, whatRan } from './ages.ts';
import { metadataBlockers, rowBlockers, united } from './blockers.ts';
import type { Details, Usage } from './session-reader.ts';
import { kindOf, stateOf, takesSlot, UNAUTHENTICATED, waitsForServerLock } from './states.ts';
import type { ProcessRow, StatementRow, TransactionRow } from './usage.sql.ts';

/** Who is Headroom itself. */
export interface Own {
  readonly id: number;
  readonly responder: string;
  readonly canary: string | null;
}

/** A session as it was seen, with what only this engine asks. */
export interface Observed {
  readonly session: Session;
  readonly takesSlot: boolean;
  readonly isResponder: boolean;
  /** InnoDB undoes its work. MariaDB calls a session whose query was cancelled killed too, and that one need not be. */
  readonly isUndoing: boolean;
  readonly stillness: Stillness;
}

/**
 * What stays the same as long as a session does nothing: whether it is between two statements, and which was its last;
 * `seconds`, TIME, may only grow. Where statements are not numbered (MySQL without performance_schema) `statement` is null,
 * and `beganAt` is the epoch second of its start, to about one.
 */
export interface Stillness {
  readonly isAsleep: boolean;
  readonly thread: number | null;
  readonly statement: number | null;
  readonly seconds: number;
  readonly beganAt: number | null;
}

/** Still at work on the statement it was at work on before. */
export function isOnSameStatement(now: Stillness, before: Stillness): boolean {
  if (now.isAsleep || before.isAsleep || now.thread !== before.thread) return false;
  if (now.statement !== null || before.statement !== null) return now.statement === before.statement;
  return now.beganAt !== null && before.beganAt !== null && Math.abs(now.beganAt - before.beganAt) <= 1;
}

export interface Context {
  readonly server: string;
  readonly own: Own;
  readonly statements: StatementDetail;
}

/** Puts together what was read apart. Without details a waiter's blockers are unknown, and so is what sessions hold. */
export function observe(usage: Usage, details: Details | null, context: Context): readonly Observed[] {
  const byThread = sessionsByThread(usage);
  const innodb = new Map(usage.innodb.map((row) => [row.id, row]));
  const rows = details === null ? new Map() : rowBlockers(details.rowWaits, usage.innodb);
  const tables = details === null ? new Map() : metadataBlockers(details.metadataLocks, byThread);
  const holdings = holdingsOf(details, byThread);
  const tell = redactOnce((text) => redactStatement(text, 'mysql', context.statements));

  const seen = usage.processes.map((process): Observed => {
    const { id, user, command } = process;
    const thread = usage.threads.get(id) ?? null;
    const ran = whatRan(process, thread === null ? undefined : usage.statements.get(thread), usage.readWithinMs);
    const open = thread === null ? undefined : usage.openTransactions.get(thread);
    const transaction = innodb.get(id);
    const isAsleep = user !== UNAUTHENTICATED && (ran === undefined ? command === 'Sleep' : ran.ended === 1);
    const inTransaction = open !== undefined || transaction !== undefined;
    const isUndoing = transaction?.state === 'ROLLING BACK';
    const state = stateOf(process, { isAsleep, inTransaction, isUndoing });
    const text = (isAsleep ? ran?.statement : (ran?.statement ?? process.statement)) ?? null;
    const statement = text === null || text === '' ? null : tell(text);
    const ages = agesOf(process, ran, isAsleep, inTransaction ? usage.asleepMs(id) : null);
    const waitsForRow = transaction?.state === 'LOCK WAIT';
    const waitsForTable = tables.has(id) || (!isAsleep && waitsForServerLock(process.doing));
    const isWaiting = waitsForRow || waitsForTable;
    const blockedBy = united(id, rows, tables);
    const isOwn =
      id === context.own.id || (user !== null && [context.own.responder, context.own.canary].includes(user));
    return {
      session: {
        identity: { server: context.server, id, incarnation: `${user ?? ''}@${process.host ?? ''}` },
        kind: kindOf(user, command),
        own: isOwn,
        superuser: user !== null && details?.administrators.has(user) === true,
        user: user === UNAUTHENTICATED ? null : user,
        application: details?.applications.get(id) ?? (isDump(text) ? 'mysqldump' : ''),
        database: process.database,
        client: clientOf(process.host),
        state,
        connectedMs: usage.connectedMs(id),
        transactionMs: inTransaction ? (exact(open?.age_ms) ?? atLeast(transaction?.age_s)) : null,
        stateMs: ages.stateMs,
        queryMs: ages.queryMs,
        transactionMark: transactionMark(open?.event, transaction),
        queryMark: queryMark(process, ran),
        wait: waitOf(process, isWaiting, isAsleep),
        lockWaitMs: isWaiting
          ? waitsForRow
            ? atLeast(transaction.wait_s)
            : sinceOpening(statement, ages.queryMs)
          : null,
        blockedBy: isWaiting && blockedBy.length === 0 ? [UNKNOWN_BLOCKER] : blockedBy,
        holds: holdings.get(id) ?? [],
        hasWritten: (transaction?.rows_modified ?? 0) > 0,
        rowsModified: inTransaction ? (transaction?.rows_modified ?? 0) : null,
        statement,
      },
      takesSlot: takesSlot(user, command),
      isResponder: user === context.own.responder,
      isUndoing,
      stillness: {
        isAsleep,
        thread,
        statement: ran?.event ?? process.query_id,
        seconds: process.seconds ?? 0,
        beganAt: process.began_at,
      },
    };
  });
  return [...seen, ...leaving(usage, context.server)];
}

/** Sessions that hold somebody up. */
export function blockersOf(usage: Usage, details: Details): ReadonlySet<number> {
  const rows = rowBlockers(details.rowWaits, usage.innodb);
  const tables = metadataBlockers(details.metadataLocks, sessionsByThread(usage));
  return new Set([...rows.values(), ...tables.values()].flat());
}

function sessionsByThread({ threads }: Usage): ReadonlyMap<number, number> {
  return new Map([...threads].map(([id, thread]) => [thread, id]));
}

/**
 * MySQL without performance_schema: a session that was ended while it had written is not listed any more, and keeps its slot
 * until its work is undone.
 */
function leaving({ processes, innodb }: Usage, server: string): readonly Observed[] {
  const listed = new Set(processes.map(({ id }) => id));
  return innodb
    .filter(({ id, state }) => id !== 0 && state === 'ROLLING BACK' && !listed.has(id))
    .map((row) => ({
      session: {
        identity: { server, id: row.id, incarnation: '' },
        kind: 'client',
        own: false,
        superuser: false,
        user: null,
        application: '',
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
      isResponder: false,
      isUndoing: true,
      stillness: { isAsleep: false, thread: null, statement: null, seconds: 0, beganAt: null },
    }));
}

function transactionMark(event: number | undefined, transaction: TransactionRow | undefined): string | null {
  if (event !== undefined) return `event/${event}`;
  return transaction === undefined ? null : `${transaction.trx}/${transaction.started}`;
}

/** Where statements are not numbered: when it began, to about a second. That can differ between two looks, which only spares. */
function queryMark({ query_id, began_at }: ProcessRow, ran: StatementRow | undefined): string | null {
  if (ran !== undefined) return `event/${ran.event}`;
  if (query_id !== null) return `query/${query_id}`;
  return began_at === null ? null : `second/${began_at}`;
}

function waitOf({ doing }: ProcessRow, isWaiting: boolean, isAsleep: boolean): Session['wait'] {
  if (isWaiting) return { type: 'Lock', event: waitsForServerLock(doing) ? (doing ?? '') : 'row lock' };
  return isAsleep || doing === null || doing === '' ? null : { type: 'State', event: doing };
}

/**
 * Ordinary statements take their table locks when they begin; one that changes a table may have worked for hours before it
 * waits, and CALL may run anything.
 */
function sinceOpening(statement: Statement | null, queryMs: number | null): number {
  const verb = statement?.verb ?? '';
  return isMaintenance(verb) || verb === 'CALL' || verb === '' ? 0 : (queryMs ?? 0);
}

function holdingsOf(details: Details | null, sessions: ReadonlyMap<number, number>): ReadonlyMap<number, Holding[]> {
  const holdings = new Map<number, Holding[]>();
  for (const { thread, kind, kept, pending } of details?.metadataLocks ?? []) {
    const id = sessions.get(thread ?? -1);
    if (id === undefined || kept === 0 || pending === 1) continue;
    const holding = kind === 'USER LEVEL LOCK' || kind === 'LOCKING SERVICE' ? 'advisory-lock' : 'table-lock';
    const known = holdings.get(id) ?? [];
    if (!known.includes(holding)) holdings.set(id, [...known, holding]);
  }
  return holdings;
}

/** Every statement mysqldump reads a table with says so. */
function isDump(text: string | null): boolean {
  return text !== null && /^\s*SELECT \/\*!40001 SQL_NO_CACHE \*\//.test(text);
}

/** Without its port; null for a local socket. */
function clientOf(host: string | null): string | null {
  return host === null || !host.includes(':') ? null : host.slice(0, host.lastIndexOf(':'));
}
