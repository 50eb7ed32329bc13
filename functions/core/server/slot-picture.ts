import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { inWords } from '../words/in-words.ts';
import { mostFirst } from '../words/lists.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import type { LockQueues } from './locks.ts';
import { consumerOf } from './consumer.ts';
import type { Session } from './session.ts';

/** Who holds the slots, for how long, and what they wait for: what a person wants to know first, whatever the cause. */
export interface SlotPicture {
  /** The largest holders by each of these, most sessions first. Names and addresses are not yet printable. */
  readonly shares: Readonly<Record<'user' | 'application' | 'client' | 'database', readonly Share[]>>;
  /** Ages of sessions, idle times of idle ones and run times of queries: one count for each band. */
  readonly ages: Readonly<Record<'connected' | 'idle' | 'query', readonly number[]>>;
  /** What active sessions wait for, most first. */
  readonly waits: readonly Share[];
  /** Heads of the lock queues, with how many wait behind each, most first. */
  readonly heads: readonly Head[];
  /**
   * Where the server does not show what blocks: sessions at work or in a transaction that wait for no lock, and have been
   * at it for longer than any that waits, longest first. What blocks is most likely among them.
   */
  readonly mayBlock: readonly Session[];
}

export interface Head {
  /** Of any kind: a process of the server itself may lead a queue too. */
  readonly session: Session;
  readonly waiters: number;
  /** The session in the queue that most of the waiters are directly behind, such as DDL behind a dump; null for none. */
  readonly through: { readonly session: Session; readonly waiters: number } | null;
  /** Its lock is a mutex: when it goes, the next one holds it. */
  readonly holdsMutex: boolean;
}

interface Share {
  readonly name: string;
  readonly sessions: number;
}

/** Upper bounds of the histogram bands; one more band lies beyond the last. */
const AGE_BANDS_MS = [10_000, 60_000, 300_000, 1_800_000, 7_200_000] as const;

const MOST_SHARES = 3;
const SHOWN_NAME_LENGTH = 40;

/** Linear in sessions, in any order. `all`: sessions of every kind, where there are others than clients. */
export function drawSlots(
  clients: readonly Session[],
  locks: LockQueues,
  all: readonly Session[] = clients,
): SlotPicture {
  const active = clients.filter(({ state }) => state === 'active');
  const idle = clients.filter(({ state }) => state === 'idle');
  const byId = new Map(all.map((session) => [session.identity.id, session]));
  return {
    shares: {
      user: largest(clients.map(({ user }) => user)),
      application: largest(clients.map(({ application }) => application || null)),
      client: largest(clients.map(({ client }) => client)),
      database: largest(clients.map(({ database }) => database)),
    },
    ages: {
      connected: histogram(clients.map(({ connectedMs }) => connectedMs)),
      idle: histogram(idle.map(({ stateMs }) => stateMs)),
      query: histogram(active.map(({ queryMs }) => queryMs)),
    },
    waits: largest(active.map(({ wait }) => (wait === null ? null : `${wait.type} ${wait.event}`))),
    heads: [...locks.behind, ...locks.behindMutex]
      .flatMap(([id, waiters]): Head[] => {
        const session = byId.get(id);
        const holdsMutex = locks.behindMutex.get(id) === waiters;
        if (session === undefined) return [];
        return [{ session, waiters: waiters.length, through: throughIn(waiters, byId), holdsMutex }];
      })
      .sort((a, b) => b.waiters - a.waiters || a.session.identity.id - b.session.identity.id)
      .slice(0, MOST_SHARES),
    mayBlock: locks.behindUnknown === 0 ? [] : longerThanTheQueue(clients),
  };
}

/** Ages are in whole seconds on some servers. */
const ROUNDED_MS = 1_000;

function longerThanTheQueue(clients: readonly Session[]): readonly Session[] {
  const queueMs = clients.reduce((longest, { lockWaitMs }) => Math.max(longest, lockWaitMs ?? 0), 0);
  return clients
    .filter((session) => session.blockedBy.length === 0 && session.state !== 'idle' && session.state !== 'starting')
    .filter((session) => atItFor(session) + ROUNDED_MS >= queueMs)
    .sort((a, b) => atItFor(b) - atItFor(a) || a.identity.id - b.identity.id)
    .slice(0, MOST_SHARES);
}

/** How long a session has been in its transaction, or at its query where that is older. Milliseconds. */
export function atItFor({ transactionMs, queryMs }: Pick<Session, 'transactionMs' | 'queryMs'>): number {
  return Math.max(transactionMs ?? 0, queryMs ?? 0);
}

/** The waiter that more than half of the others are directly behind. */
function throughIn(waiters: readonly Session[], byId: ReadonlyMap<number, Session>): Head['through'] {
  const ids = new Set(waiters.map(({ identity }) => identity.id));
  const [most] = mostFirst(
    countBy(
      waiters.flatMap(({ blockedBy }) => blockedBy.filter((id) => ids.has(id))),
      String,
    ),
  );
  const session = byId.get(Number(most?.[0]));
  if (most === undefined || session === undefined || 2 * most[1] < waiters.length) return null;
  return { session, waiters: most[1] };
}

/** The picture in a few bounded lines, with shares of the taken slots. Leaves out what is not known. */
export function describeSlots({ shares, ages, waits, heads }: SlotPicture, taken: number): string[] {
  const holders = Object.entries(shares).flatMap(([by, [top]]) =>
    top === undefined ? [] : [`${by} ${named(top.name, SHOWN_NAME_LENGTH)} ${percent((100 * top.sessions) / taken)}`],
  );
  const histograms = Object.entries(ages).flatMap(([of, counts]) => {
    const bands = counts.flatMap((held, band) => (held === 0 ? [] : [`${bandInWords(band)} (${held})`]));
    return bands.length === 0 ? [] : [`${AGE_WORDS[of as keyof typeof ages]}: ${bands.join(', ')}`];
  });
  const list = (items: readonly Share[]) =>
    items.map(({ name, sessions }) => `${printable(name, SHOWN_NAME_LENGTH)} (${sessions})`).join(', ');
  return [
    ...heads.map(
      (head) =>
        `${whoIs(head.session)}${head.session.kind === 'client' ? ` (${head.session.state})` : ''} ${describeHead(head)}`,
    ),
    ...(holders.length === 0 ? [] : [`largest shares: ${holders.join(', ')}`]),
    ...(waits.length === 0 ? [] : [`active sessions wait for: ${list(waits)}`]),
    ...histograms,
  ];
}

/** `session 12 of shop/web`; `session 99, autovacuum worker (no client session)`. */
export function whoIs({ identity, kind, user, application, client }: Session): string {
  if (kind === 'client') {
    return `session ${identity.id} of ${named(consumerOf({ user, application, client }), SHOWN_NAME_LENGTH)}`;
  }
  const what = application !== '' ? application : (user ?? kind);
  return `session ${identity.id}, ${printable(what, SHOWN_NAME_LENGTH)} (no client session)`;
}

/** `blocks 4 sessions`, to come after whom it is about. */
export function describeHead({ waiters, through, holdsMutex }: Omit<Head, 'session'>): string {
  if (holdsMutex) return `holds an advisory lock for which ${count(waiters, 'session')} queue`;
  const blocks = `blocks ${count(waiters, 'session')}`;
  if (through === null) return blocks;
  const verb = through.session.statement?.verb ?? '';
  const what = verb === '' ? '' : ` (${printable(verb, SHOWN_NAME_LENGTH)})`;
  return `${blocks}, ${through.waiters} of them behind ${whoIs(through.session)}${what}`;
}

const AGE_WORDS = {
  connected: 'connected for',
  idle: 'idle for',
  query: 'running a query for',
} as const satisfies Record<keyof SlotPicture['ages'], string>;

function largest(names: readonly (string | null)[]): Share[] {
  const known = names.filter((name) => name !== null);
  return mostFirst(countBy(known, (name) => name))
    .slice(0, MOST_SHARES)
    .map(([name, sessions]) => ({ name, sessions }));
}

function histogram(ages: readonly (number | null)[]): number[] {
  const counts = [...AGE_BANDS_MS, Infinity].map(() => 0);
  for (const age of ages) {
    if (age === null) continue;
    const found = AGE_BANDS_MS.findIndex((under) => age < under);
    const band = found < 0 ? AGE_BANDS_MS.length : found;
    counts[band] = (counts[band] ?? 0) + 1;
  }
  return counts;
}

function bandInWords(band: number): string {
  const under = AGE_BANDS_MS[band];
  return under === undefined ? `${inWords(AGE_BANDS_MS.at(-1) ?? 0)} or longer` : `under ${inWords(under)}`;
}
