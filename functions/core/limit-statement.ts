import type { EngineName } from './snapshot.ts';

/**
 * The statement by which an administrator gives a user a limit; null is none. One line of printable characters, whatever the
 * name holds.
 */
export function limitStatement(engine: EngineName, user: string, limit: number | null): string {
  switch (engine) {
    case 'postgres':
      return `ALTER ROLE ${quotePostgres(user)} CONNECTION LIMIT ${limit ?? -1}`;
    case 'mysql':
    case 'mariadb':
      return `ALTER USER ${user} WITH MAX_USER_CONNECTIONS ${limit ?? 0}`;
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
