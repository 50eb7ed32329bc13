import type { Grant } from '../../shared/grants.ts';
import { loginGrants, type GrantOptions } from './grants.ts';
import { limitGrants } from './limit-grants.ts';

interface ScriptOptions extends GrantOptions {
  /** Whose connections Headroom may limit for as long as an incident lasts: names of users, without their hosts. */
  readonly limitableUsers: readonly string[];
}

/**
 * Everything an administrator runs, and may run again. These servers commit every one of these statements by itself, so
 * what comes first may stay without the rest. Throws when a name cannot be an account's.
 */
export function grantScript({ limitableUsers, ...options }: ScriptOptions): readonly Grant[] {
  const { engine, responder, from } = options;
  return [
    {
      sql: null,
      why:
        `To be piped into the ${engine} client, which then stops at the first error. What it has done by then stays: ` +
        'there are no transactions of such statements here. Run it again once the error is mended.',
    },
    { sql: 'SET NAMES utf8mb4', why: 'How names are written here.' },
    ...loginGrants(options),
    ...(limitableUsers.length === 0 ? [] : limitGrants({ engine, responder, from, users: limitableUsers })),
  ];
}
