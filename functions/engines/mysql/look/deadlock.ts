import { redactStatement, type Statement, type StatementDetail } from '../../../core/server/statement.ts';

/** Most statements of one deadlock that are reported; a cycle may have many. */
const MOST_STATEMENTS = 4;

/**
 * The latest deadlock in InnoDB's status, null when there was none. Both times are of the same clock, in whole seconds.
 */
export function latestDeadlock(
  status: string,
  detail: StatementDetail,
): { readonly agoMs: number; readonly statements: readonly Statement[] } | null {
  const [, at = '', rest = ''] = /\nLATEST DETECTED DEADLOCK\n-+\n(\S+ +\S+)([^]*)/.exec(status) ?? [];
  if (at === '') return null;
  const end = rest.search(/\n-+\n[A-Z][A-Z ]+\n-+\n/);
  const section = end === -1 ? rest : rest.slice(0, end);
  const statements = statementsIn(section)
    .filter((text) => text.trim() !== '')
    .slice(0, MOST_STATEMENTS)
    .map((text) => redactStatement(text, 'mysql', detail));
  const now = secondOf(/\n(\d{4}-\d\d-\d\d +\d\d?:\d\d:\d\d)[^\n]*INNODB MONITOR OUTPUT/.exec(status)?.[1] ?? '');
  return { agoMs: Math.max(0, now - secondOf(at)) || 0, statements };
}

/**
 * A transaction's header ends with the line of its thread. Its statement follows, up to a heading or a blank line. None,
 * where a literal looks like the headers of another transaction: what comes after them is no statement.
 */
function statementsIn(section: string): readonly string[] {
  const headings = [...section.matchAll(/\n\*\*\* \((\d+)\) TRANSACTION:\n/g)].map(([, number]) => Number(number));
  const texts = [...section.matchAll(/\n(?:MySQL|MariaDB) thread id [^\n]*\n([^]*?)(?=\n\n|\n\*\*\*|$)/g)].map(
    ([, text = '']) => text,
  );
  const isClear = headings.every((number, index) => number === index + 1) && texts.length === headings.length;
  return isClear ? texts : [];
}

/** Milliseconds, in the server's time zone: of use for differences only. */
function secondOf(text: string): number {
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] =
    /^(\d{4})-(\d\d)-(\d\d) +(\d\d?):(\d\d):(\d\d)/.exec(text) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}
