import type { EngineName, Snapshot } from '../../functions/core/server/snapshot.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { active, aSession, aSnapshot, inTransaction, waiter } from './a-session.ts';

/** Aurora's most: the highest value that max_connections may have there. */
export const AURORAS_MOST = 16_000;

/**
 * How long names may be on each engine, in characters. Of the application: what fits the 512 bytes that MySQL and
 * MariaDB keep of a client's attributes by default. Of a host: the names that clouds give, as nobody has 16,000 others.
 */
const LONGEST: Readonly<Record<EngineName, { user: number; database: number; application: number; host: number }>> = {
  postgres: { user: 63, database: 63, application: 63, host: 39 },
  mysql: { user: 32, database: 64, application: 256, host: 60 },
  mariadb: { user: 80, database: 64, application: 256, host: 60 },
};

/** Six characters in JSON, four bytes in UTF-8 as two characters, two in JSON, and one of each. */
const LETTERS = ['\u0001', '\u001f', '\u{1f4a3}', '\u{1f600}', '"', '\\', 'x', '7'];

/** The same list for the same seed, without any chance. */
function lettersOf(length: number, seed: number): string {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += LETTERS[state >>> 29] ?? '';
  }
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, 'x');
}

/**
 * So many sessions of every kind, each with marks and an incarnation of its own, as the engine writes them. `hostile`:
 * every session has names of its own, as long as they may be, of letters that cost the most.
 */
function aCrowd(engine: EngineName, count: number, kind: 'ordinary' | 'hostile'): Session[] {
  return Array.from({ length: count }, (_, index) => {
    const id = 1_000_000 + index;
    const named = kind === 'ordinary' ? ordinaryNames(index) : hostileNames(engine, index);
    const started = `17983600${String(index).padStart(5, '0')}.${String((index * 7_919) % 1_000_000).padStart(6, '0')}`;
    const incarnation = engine === 'postgres' ? started : `${named.user}@${named.client}:${1_024 + (index % 60_000)}`;
    const ages = { stateMs: 300_000 + ((id * 7_919) % 1_000_000), connectedMs: 400_000 + ((id * 6_007) % 2_000_000) };
    const identity = { server: '6f9619ff-8b86-d011-b42d-00c04fc964ff/1798360000', id, incarnation };
    const changed = { ...named, ...ages, identity, queryMark: started, transactionMark: null };
    const open = { ...changed, transactionMark: `${started}/${id}`, transactionMs: ages.stateMs + 1_000 };
    if (index % 4 === 0) return inTransaction(id, open);
    if (index % 4 === 1) return active(id, { ...open, queryMs: ages.stateMs });
    if (index % 16 === 2) return waiter(id, [1_000_000], open);
    return aSession(id, changed);
  });
}

type Names = Pick<Session, 'user' | 'application' | 'database' | 'client' | 'statement'>;

function ordinaryNames(index: number): Names & { readonly user: string; readonly client: string } {
  const table = `orders_${index % 40}`;
  return {
    user: `service_${index % 25}`,
    application: `checkout-api-${(index % 300).toString(36)}-x7k2p`,
    database: `shop_${index % 6}`,
    client: `10.${index % 4}.${index % 200}.${index % 250}`,
    statement: {
      verb: 'SELECT',
      text: `SELECT o.id, o.total, c.name FROM ${table} AS o JOIN customers AS c ON c.id = o.customer_id WHERE o.id = ? AND o.state IN (?, ?) ORDER BY o.created_at DESC LIMIT ?`,
      isOptedOut: false,
    },
  };
}

function hostileNames(engine: EngineName, index: number): Names & { readonly user: string; readonly client: string } {
  const longest = LONGEST[engine];
  return {
    user: lettersOf(longest.user, index),
    application: lettersOf(longest.application, index + 1_000_003),
    database: lettersOf(longest.database, index % 6),
    client: lettersOf(longest.host, index + 3_000_017).replace(/[^a-z0-9]/g, 'h'),
    statement: { verb: 'SELECT', text: `SELECT "${lettersOf(191, index + 5_000_011)}"`, isOptedOut: false },
  };
}

/** A full server of Aurora's most with such a crowd. */
export function aFullServer(engine: EngineName, kind: 'ordinary' | 'hostile', count = AURORAS_MOST): Snapshot {
  const plain = aSnapshot(count, aCrowd(engine, count, kind));
  return { ...plain, server: { ...plain.server, engine } };
}
