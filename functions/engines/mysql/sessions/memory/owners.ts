import type { AccountRow } from '../sessions.sql.ts';
import { takesSlot, UNAUTHENTICATED } from '../states.ts';
import type { ProcessRow, ThreadRow } from '../usage.sql.ts';

/**
 * Whose sessions they are. PROCESSLIST shows who a session acts as: while it runs a routine, trigger or function with the
 * rights of its definer, that is the definer's account, with the port of the client. Who logged in shows in
 * performance_schema, or while the session is idle.
 */
export interface Owners {
  /** The rows, each with the user and host that logged in as far as anything tells, and the ids of all others. */
  settle(rows: readonly ProcessRow[], evidence: Evidence): Settled;
  /** Forgets everybody else. */
  keep(ids: ReadonlySet<number>): void;
}

interface Evidence {
  /** Who logged in, by session, where performance_schema shows it. */
  readonly logins: ReadonlyMap<number, ThreadRow>;
  /** All accounts; null where they may not be read. */
  readonly accounts: readonly AccountRow[] | null;
}

interface Settled {
  readonly processes: readonly ProcessRow[];
  /** Sessions that may be somebody else's than they seem. */
  readonly doubtful: ReadonlySet<number>;
}

type Owner = Pick<ProcessRow, 'user' | 'host'>;

export function trackOwners(): Owners {
  const known = new Map<number, Owner>();
  return {
    settle(rows, { logins, accounts }) {
      const isAccount = accounts === null ? () => true : lookUp(accounts);
      const doubtful = new Set<number>();
      const processes = rows.map((row) => {
        if (!takesSlot(row)) return row;
        const owner = ownerByLogin(row, logins.get(row.id)) ?? (showsItsOwner(row, isAccount) ? row : null);
        if (owner !== null) {
          known.set(row.id, { user: owner.user, host: owner.host });
          return { ...row, user: owner.user, host: owner.host };
        }
        const before = known.get(row.id);
        const isSame = before?.user === row.user && before?.host === row.host;
        // A client can also change its user; then what it shows is an account's only by chance.
        if (before === undefined || (accounts === null && !isSame)) doubtful.add(row.id);
        return before === undefined || accounts === null ? row : { ...row, ...before };
      });
      return { processes, doubtful };
    },
    keep(ids) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    },
  };
}

function ownerByLogin({ host }: ProcessRow, login: ThreadRow | undefined): Owner | null {
  if (login === undefined || login.user === null) return null;
  const port = host?.includes(':') === true ? host.slice(host.lastIndexOf(':')) : '';
  return { user: login.user, host: login.host === null ? host : `${login.host}${port}` };
}

/** It runs nothing; or it shows an address that no account of that name has, and every definer is an account. */
function showsItsOwner({ user, host, command }: ProcessRow, isAccount: IsAccount): boolean {
  if (command === 'Sleep' || user === UNAUTHENTICATED) return true;
  return user !== null && user !== '' && host !== null && !isAccount(user, withoutPort(host));
}

type IsAccount = (user: string, host: string) => boolean;

function lookUp(accounts: readonly AccountRow[]): IsAccount {
  const all = new Set(accounts.map(({ user, host }) => JSON.stringify([user, host.toLowerCase()])));
  return (user, host) => all.has(JSON.stringify([user, host.toLowerCase()]));
}

function withoutPort(host: string): string {
  return host.includes(':') ? host.slice(0, host.lastIndexOf(':')) : host;
}
