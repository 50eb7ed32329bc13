import type { EngineName } from './snapshot.ts';

/** The statement by which an administrator gives a user a limit; null is none. `account`: as statements name it. */
export function limitStatement(engine: EngineName, account: string, limit: number | null): string {
  switch (engine) {
    case 'postgres':
      return `ALTER ROLE ${account} CONNECTION LIMIT ${limit ?? -1}`;
    case 'mysql':
    case 'mariadb':
      return `ALTER USER ${account} WITH MAX_USER_CONNECTIONS ${limit ?? 0}`;
  }
}
