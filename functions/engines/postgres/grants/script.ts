import type { Grant } from '../../shared/grants.ts';
import { loginGrants, type GrantOptions } from './grants.ts';
import { limitGrants } from './limit-grants.ts';

interface ScriptOptions extends GrantOptions {
  /** Whose connections Headroom may limit for as long as an incident lasts. */
  readonly limitableUsers: readonly string[];
}

/**
 * Everything an administrator runs, as one transaction: it happens whole or not at all, in any client, and again without
 * harm. Throws when a name cannot be a PostgreSQL name.
 */
export function grantScript({ limitableUsers, ...options }: ScriptOptions): readonly Grant[] {
  const { responder, database } = options;
  return [
    {
      sql: null,
      why: 'For psql, which would go on after an error. In other clients leave out the lines that begin with a backslash.',
      printed: '\\set ON_ERROR_STOP on\n\\encoding UTF8',
    },
    { sql: 'BEGIN', why: 'All of it, or nothing.' },
    {
      sql: 'SET LOCAL search_path = pg_catalog, pg_temp',
      why: 'Nothing that somebody has put into another schema is called.',
    },
    { sql: 'SET LOCAL client_min_messages = warning', why: 'What is there already, or not yet, is no news.' },
    ...loginGrants(options),
    ...(limitableUsers.length === 0 ? [] : limitGrants({ responder, database, users: limitableUsers })),
    { sql: 'COMMIT', why: 'Done.' },
  ];
}
