import type { CapEnd, CapRecord } from './incident.ts';
import type { EngineName } from './snapshot.ts';
import type { LimitAnswer } from './worker-protocol.ts';

/**
 * What to make of an attempt to lift a limit. `settled`: it is off the server for good. `waiting`: the server does not have it,
 * but the order to set it may still be on its way. `stuck`: it may stand, and could not be lifted.
 */
export type LiftVerdict =
  | { readonly kind: 'settled'; readonly end: CapEnd }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'stuck'; readonly why: string };

/** After the last moment to set a limit: the longest its statement may run, and clocks that differ. */
export const LATE_MS = 20_000;

export function judgeLift(cap: CapRecord, answer: LimitAnswer, now: number): LiftVerdict {
  if (!answer.ok) return { kind: 'stuck', why: `${answer.refusal.kind}: ${answer.refusal.message}` };
  const { result, detail } = answer.limit;
  const mayStillCome = !cap.isSet && now <= cap.setBy + LATE_MS;
  switch (result) {
    case 'done':
      return { kind: 'settled', end: 'lifted' };
    case 'already':
      if (mayStillCome) return { kind: 'waiting' };
      return { kind: 'settled', end: cap.isSet ? 'lifted' : 'never-set' };
    case 'changed':
      return mayStillCome ? { kind: 'waiting' } : { kind: 'settled', end: 'changed-by-hand' };
    case 'gone':
      return { kind: 'settled', end: 'user-gone' };
    case 'refused':
      return { kind: 'stuck', why: detail };
  }
}

/** The statement by which an administrator puts back what was before. One line of printable characters, whatever the name. */
export function restoreStatement(engine: EngineName, { user, before }: Pick<CapRecord, 'user' | 'before'>): string {
  switch (engine) {
    case 'postgres':
      return `ALTER ROLE ${quotePostgres(user)} CONNECTION LIMIT ${before ?? -1}`;
    case 'mysql':
    case 'mariadb':
      return `ALTER USER ${user} WITH MAX_USER_CONNECTIONS ${before ?? 0}`;
  }
}

const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

function quotePostgres(name: string): string {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  if (!UNPRINTABLE.test(name)) return quoted;
  const escaped = [...quoted.replaceAll('\\', '\\\\')].map((character) =>
    UNPRINTABLE.test(character) ? `\\+${(character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')}` : character,
  );
  return `U&${escaped.join('')}`;
}
