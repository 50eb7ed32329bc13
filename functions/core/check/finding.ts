import type { Right } from '../protocol/check-facts.ts';
import { printable } from '../words/printable.ts';

/** What is checked, with its title, in the order of the report. The ids are documented and stable. */
export const CHECKS = {
  route: 'route to the server',
  tls: 'TLS',
  slot: 'a slot to log in',
  authentication: 'authentication',
  server: 'the right server',
  'see-sessions': 'may see sessions',
  'see-transactions': 'may see transactions',
  'see-locks': 'may see lock waits',
  'end-sessions': 'may end sessions',
  'cancel-queries': 'may cancel queries',
  'server-lock': 'may take the server-side lock',
  visibility: 'other users’ sessions are visible',
  reserve: 'reserved way in',
  canary: 'canary gets in',
  'canary-ordinary': 'canary is ordinary',
  'own-logins': 'its logins are its own',
  protection: 'what the policy protects can be told',
  limit: 'real limit is the configured one',
  'login-limits': 'no limit keeps Headroom out',
  clock: 'clocks agree',
  'reserve-holders': 'no application holds the reserve',
  tracking: 'the server tracks what sessions do',
  database: 'database without applications',
  settings: 'settings',
} as const satisfies Record<Right, string> & Record<string, string>;

export type CheckId = keyof typeof CHECKS;

/** One thing that Headroom needs, and whether it is in place. `not-reached`: an earlier failure prevented the check. */
export interface Finding<Id extends string> {
  readonly id: Id;
  readonly title: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'not-reached';
  readonly detail: string;
  /** The statement to run or the setting to change; null when nothing needs repair. */
  readonly fix: string | null;
}

export type CheckFinding = Finding<CheckId>;

export function fine(id: CheckId, detail: string): CheckFinding {
  return { id, title: CHECKS[id], status: 'ok', detail, fix: null };
}

export function warning(id: CheckId, detail: string, fix: string): CheckFinding {
  return { id, title: CHECKS[id], status: 'warning', detail, fix };
}

export function failed(id: CheckId, detail: string, fix: string): CheckFinding {
  return { id, title: CHECKS[id], status: 'failed', detail, fix };
}

export function notReached(id: CheckId, detail: string): CheckFinding {
  return { id, title: CHECKS[id], status: 'not-reached', detail, fix: null };
}

/**
 * One line to copy. A step that several fixes share, such as a reload, comes once, after the last fix that needs it.
 */
export function joinFixes(fixes: readonly string[]): string {
  return [...new Set([...fixes].reverse())].reverse().join('; ');
}

/** A name that someone else chose, safe to show. */
export function shown(text: string): string {
  return printable(text, 63);
}

/** The first few names: servers can have many. */
export function listNames(names: readonly string[]): string {
  const first = names.slice(0, 5).map((each) => shown(each));
  return names.length > first.length ? `${first.join(', ')} and ${names.length - first.length} more` : first.join(', ');
}
