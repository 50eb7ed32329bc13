import { PREPARED_TRANSACTION, type Session } from '../../../core/server/session.ts';
import { agesOf, atLeast, exact, whatRan, type Ages } from './ages.ts';
import type { Usage } from './session-reader.ts';
import { stateOf, UNAUTHENTICATED } from './states.ts';
import type { ProcessRow, StatementRow, TransactionRow } from './usage.sql.ts';

/**
 * What stays the same as long as a session does nothing: whether it is between two statements, and which was its last;
 * `seconds`, TIME, may only grow. Where statements are not numbered (MySQL without performance_schema) `statement` is
 * null, and `beganAt` is the epoch second of its start, to about one.
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

/** What a session does, put together from every table that shows a part of it. */
export interface Work {
  readonly state: Session['state'];
  readonly isAsleep: boolean;
  /** InnoDB undoes its work. The command `Killed` does not say so: MariaDB shows it for a cancelled query too. */
  readonly isUndoing: boolean;
  readonly ages: Ages;
  readonly queryMark: string | null;
  /** Its present or last statement; null where the server does not show it. */
  readonly text: string | null;
  /** What InnoDB has open for it. */
  readonly transaction: TransactionRow | undefined;
  /** Its transaction, by performance_schema, when it is prepared: see xidKey. */
  readonly preparedXid: string | null;
  readonly transactionMs: number | null;
  readonly transactionMark: string | null;
  /** Null outside a transaction. */
  readonly rowsModified: number | null;
  readonly stillness: Stillness;
}

/** `transaction`: what InnoDB has open for this session. */
export function workOf(process: ProcessRow, transaction: TransactionRow | undefined, usage: Usage): Work {
  const { id, user, command } = process;
  const thread = usage.threads.get(id) ?? null;
  const ran = whatRan(process, thread === null ? undefined : usage.statements.get(thread), usage.readWithinMs);
  const shown = thread === null ? undefined : usage.openTransactions.get(thread);
  // Once another session has committed it, performance_schema goes on showing it here.
  const hasPrepared = usage.innodb.some((row) => row.id === PREPARED_TRANSACTION || row.id === id);
  const open = shown !== undefined && shown.xid !== null && !hasPrepared ? undefined : shown;
  const isAsleep = user !== UNAUTHENTICATED && (ran === undefined ? command === 'Sleep' : ran.ended === 1);
  const inTransaction = open !== undefined || transaction !== undefined;
  const isUndoing = transaction?.state === 'ROLLING BACK';
  return {
    state: stateOf(process, { isAsleep, inTransaction, isUndoing }),
    isAsleep,
    isUndoing,
    ages: agesOf(process, ran, isAsleep, {
      asleepMs: inTransaction ? usage.asleepMs(id) : null,
      atWorkMs: usage.atWorkMs(id),
    }),
    queryMark: queryMark(process, ran),
    text: (isAsleep ? ran?.statement : (ran?.statement ?? process.statement)) ?? null,
    transaction,
    preparedXid: open?.xid ?? null,
    transactionMs: inTransaction ? (exact(open?.age_ms) ?? atLeast(transaction?.age_s)) : null,
    transactionMark: transactionMark(open?.event, transaction),
    rowsModified: inTransaction ? (transaction?.rows_modified ?? 0) : null,
    stillness: {
      isAsleep,
      thread,
      statement: ran?.event ?? process.query_id,
      seconds: process.seconds ?? 0,
      beganAt: process.began_at,
    },
  };
}

export function transactionMark(event: number | undefined, transaction: TransactionRow | undefined): string | null {
  if (event !== undefined) return `event/${event}`;
  return transaction === undefined ? null : `${transaction.trx}/${transaction.started}`;
}

/**
 * Where statements are not numbered: when it began, to about a second. That can differ between two reads, which only
 * spares the session.
 */
function queryMark({ query_id, began_at }: ProcessRow, ran: StatementRow | undefined): string | null {
  if (ran !== undefined) return `event/${ran.event}`;
  if (query_id !== null) return `query/${query_id}`;
  return began_at === null ? null : `second/${began_at}`;
}
