import type { EngineName } from './snapshot.ts';

/** The statement that limits a user; a `limit` of null removes the limit. `account`: the user as SQL names it. */
export function limitStatement(engine: EngineName, account: string, limit: number | null): string {
  switch (engine) {
    case 'postgres':
      return `ALTER ROLE ${account} CONNECTION LIMIT ${limit ?? -1}`;
    case 'mysql':
    case 'mariadb':
      return `ALTER USER ${account} WITH MAX_USER_CONNECTIONS ${limit ?? 0}`;
  }
}
