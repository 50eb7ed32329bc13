import type { Session } from '../../../core/server/session.ts';
import { agesOf, atLeast, exact, whatRan, type Ages } from './ages.ts';
import type { Usage } from './session-reader.ts';
import { stateOf, UNAUTHENTICATED } from './states.ts';
import type { Stillness } from './stillness.ts';
import type { ProcessRow, StatementRow, TransactionRow } from './usage.sql.ts';

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
  const open = thread === null ? undefined : usage.openTransactions.get(thread);
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
