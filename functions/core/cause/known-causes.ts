import type { KnownCause } from '../policy/cause-names.ts';
import type { Session } from '../server/session.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { percent } from '../words/percent.ts';
import { named } from '../words/printable.ts';
import type { Facts } from './facts.ts';
import type { Cause } from './weights.ts';

/**
 * Base rates: the runbooks' for what they count (pools 40%, queries 25%, locks 20%, limit 10%, leaks 5%, half for each
 * kind of leak here), scaled to 85%. The causes that they only tell stories about share the rest.
 */
const OF_RUNBOOKS = 0.85;
const OF_STORIES = 0.15 / 4;

/**
 * 1 when no session is opened, 0 when a third of the slots is, in the time that a session is fresh; null when unknown.
 */
function settledness(facts: Facts): number | null {
  return facts.trend?.opensPerMinute == null ? null : 1 - Math.min(1, (3 * opensIn(facts)) / facts.taken);
}

function atWork({ shortQueries }: Facts): number {
  return shortQueries.length;
}

function all({ taken }: Facts): number {
  return taken;
}

function climb({ trend }: Facts): string {
  return trend === null ? '' : `usage climbed by ${count(trend.gained, 'slot')} within ${inWords(trend.climbMs)}`;
}

/** `40 logins a minute`. */
export function perMinute(rate: number, one: string): string {
  return `${count(Math.round(rate), one)} a minute`;
}

export const KNOWN_CAUSES = {
  'consumer-limit': {
    prior: OF_STORIES,
    first: null,
    words: 'a user or database at its own connection limit: its clients are refused while the server has free slots',
    explains: {
      of: 'sessions of users and databases at a limit of their own, while the server is not full',
      slots: ({ limited }) => limited,
    },
    signs: [{ of: 'the server says so itself', weight: 5, strength: () => 1, speaks: 'for' }],
  },
  'connection-leak': {
    prior: 0.025 * OF_RUNBOOKS,
    first: 'kill-idle',
    words: 'a connection leak: idle sessions pile up and are not given back',
    explains: {
      of: 'long-idle sessions of the consumer that has the most of them',
      slots: ({ leaker }) => leaker.sessions.length,
      words: ({ leaker: { name, sessions } }) =>
        `${named(name)} has ${count(sessions.length, 'session')} idle for ${spread(sessions, 'stateMs')}`,
    },
    signs: [
      {
        of: 'they were used once, when they were opened, and never since',
        weight: 3,
        strength: ({ usedOnce }) => usedOnce,
        words: ({ usedOnce, leaker }) =>
          `${percent(100 * (usedOnce ?? 0))} of the long-idle sessions of ${named(leaker.name)} ` +
          'were used once, when they were opened, and never since',
      },
      {
        // One after the other, not all at once.
        of: 'their idle times are spread evenly: they came one by one',
        weight: 2.5,
        speaks: 'for',
        strength: ({ evenness }) => evenness,
        words: climb,
      },
      {
        // One application that does not give back.
        of: 'one consumer holds all idle sessions',
        weight: 1.5,
        strength: ({ leakerShare }) => leakerShare,
      },
      {
        // Clients that wait for slots take them again. If none does, that proves no leak: pools reconnect when needed.
        of: 'those that were ended were not replaced at once',
        weight: 3,
        strength: ({ leaker, returns }) => 1 - returns.shareOf(leaker.name),
        speaks: 'against',
        slots: all,
      },
    ],
  },
  'idle-in-transaction': {
    prior: 0.025 * OF_RUNBOOKS,
    first: 'end-idle-transactions',
    words: 'transactions left open: sessions idle in a transaction',
    explains: {
      of: 'sessions idle in a transaction',
      slots: ({ inTransaction }) => inTransaction.length,
      words: ({ inTransaction }) =>
        `${count(inTransaction.length, 'session')} idle in a transaction, for ${spread(inTransaction, 'stateMs')}`,
    },
    signs: [{ of: 'only forgotten transactions stay open like this', weight: 2.5, strength: () => 1, speaks: 'for' }],
  },
  'lock-contention': {
    prior: 0.2 * OF_RUNBOOKS,
    first: 'break-locks',
    words: 'lock contention: many sessions wait behind a few',
    explains: {
      of: 'sessions that wait for locks, and the root blockers, without those behind a job',
      slots: ({ queued }) => queued,
      words: ({ waiting, roots }) =>
        `${count(waiting, 'session')} waiting for locks, behind ${count(roots, 'root blocker')}`,
    },
    signs: [
      {
        of: 'some wait for a prepared transaction',
        weight: 0.5,
        strength: ({ behindPrepared }) => Number(behindPrepared > 0),
        words: ({ behindPrepared }) => `prepared transactions, which no session owns, block ${behindPrepared} of them`,
        speaks: 'for',
        slots: all,
      },
      {
        of: 'some wait for a blocker that the server does not show',
        weight: 0.5,
        strength: ({ behindUnknown }) => Number(behindUnknown > 0),
        words: ({ behindUnknown }) => `this server does not show what blocks ${behindUnknown} of them`,
        speaks: 'for',
        slots: all,
      },
      {
        of: 'the server broke a deadlock within the last ten minutes',
        weight: 0.5,
        strength: ({ deadlockAgoMs }) => (deadlockAgoMs === null ? null : Number(deadlockAgoMs < 600_000)),
        words: ({ deadlockAgoMs }) => `the server broke a deadlock ${inWords(deadlockAgoMs)} ago`,
        speaks: 'for',
        slots: all,
      },
    ],
  },
  'long-queries': {
    prior: 0.25 * OF_RUNBOOKS,
    first: 'cancel-long',
    words: 'long-running queries hold the slots',
    explains: {
      of: 'queries that have run for longer than `ages.querySeconds`',
      slots: ({ longQueries }) => longQueries.length,
      words: ({ longQueries }) =>
        `${count(longQueries.length, 'query', 'queries')} running for ${spread(longQueries, 'queryMs')}`,
    },
    signs: [],
  },
  'half-open-connections': {
    prior: OF_STORIES,
    first: null,
    words: 'half-open connections: slots are taken without a session',
    explains: {
      of: 'slots that are taken by connections without a session',
      slots: ({ halfOpen }) => halfOpen.count,
      words: ({ halfOpen }) =>
        `${count(halfOpen.count, 'slot')} taken by connections without a session` +
        (halfOpen.inferred ? ' (inferred: clients are refused, but there are fewer sessions than usable slots)' : ''),
    },
    signs: [{ of: 'nothing else looks like this', weight: 2.5, strength: () => 1, speaks: 'for' }],
  },
  'job-holding-on': {
    prior: OF_STORIES,
    first: null,
    words: 'backups, migrations or replication hold the slots',
    explains: {
      of: 'sessions of backups, migrations, replication and maintenance, and those that wait for them',
      slots: ({ jobs, behindJobs }) => jobs.length + behindJobs,
      words: ({ jobs, behindJobs }) =>
        `${count(jobs.length, 'session')} of backups, migrations, replication or maintenance` +
        (behindJobs > 0 ? `, and ${behindJobs} waiting for them` : ''),
    },
    signs: [{ of: 'such a tool does not run because of the load', weight: 2.5, strength: () => 1, speaks: 'for' }],
  },
  'connection-storm': {
    prior: OF_STORIES,
    first: 'cap-consumer',
    words: 'a connection storm: clients come back faster than slots come free',
    explains: {
      of:
        'the most of: sessions that connected just now (less where those that came before have stayed), ' +
        'sessions that clients open in that time, ' +
        'sessions of consumers that replaced ended ones at once',
      slots: (facts) => Math.max(churning(facts), Math.min(facts.taken, opensIn(facts)), facts.returns.refilling),
      words: ({ fresh, freshMs, trend, returns }) => {
        if (returns.refilling > (fresh ?? 0)) {
          return `${count(returns.refilling, 'session')} of consumers that replaced their ended sessions at once`;
        }
        return fresh === null
          ? `clients recently opened ${perMinute(trend?.opensPerMinute ?? 0, 'session')}`
          : `${count(fresh, 'session')} connected within the last ${inWords(freshMs)}`;
      },
    },
    signs: [
      {
        of: 'sessions are seldom that young for another reason',
        weight: 1.5,
        strength: () => 1,
        speaks: 'for',
        slots: churning,
      },
      {
        of: 'clients reconnect: within ten seconds they open two thirds as many sessions as slots are taken',
        weight: 2,
        strength: (facts) =>
          facts.trend?.opensPerMinute == null ? null : Math.min(1, (1.5 * opensIn(facts)) / facts.taken),
        words: ({ trend, taken, fresh }) =>
          // Without a count of fresh sessions, the share above says so already.
          fresh === null
            ? ''
            : `clients recently opened ${perMinute(trend?.opensPerMinute ?? 0, 'session')}, with ${taken} slots taken`,
        slots: all,
      },
      {
        of: 'refused clients try again: within ten seconds as many logins are refused as slots are taken',
        weight: 1,
        strength: ({ trend, freshMs, taken }) =>
          trend?.refusedPerMinute == null ? null : Math.min(1, (trend.refusedPerMinute * freshMs) / 60_000 / taken),
        speaks: 'for',
        slots: all,
      },
      {
        of: 'ended sessions were replaced at once',
        weight: 3,
        strength: ({ returns: { ended, back } }) => (ended === 0 ? null : back / ended),
        speaks: 'for',
        slots: ({ returns }) => returns.refilling,
      },
      {
        // Pools fill up to their size again too, but go on using their sessions.
        of: 'the long-idle sessions were never used again',
        weight: 1.5,
        strength: ({ usedOnce }) => usedOnce,
        speaks: 'against',
        slots: ({ returns }) => returns.refilling,
      },
    ],
  },
  'pool-oversubscription': {
    prior: 0.4 * OF_RUNBOOKS,
    first: 'kill-idle',
    words: 'pools that together are too large: many idle sessions that are used now and then',
    explains: {
      of: 'idle sessions to spare, without those in a short pause between two uses',
      slots: ({ spareIdle }) => spareIdle,
      words: ({ idle, longIdle }) => `${count(idle.length, 'session')} idle, ${longIdle.length} of them for long`,
    },
    signs: [
      {
        // A leaked session is opened, used once and forgotten; a pool uses its sessions again and again.
        of: 'the long-idle sessions were used again and again',
        weight: 1.5,
        strength: ({ usedOnce }) => (usedOnce === null ? null : 1 - usedOnce),
        words: () => 'the long-idle sessions were used again and again',
      },
      {
        of: 'the idle sessions are spread over several pools',
        weight: 1.2,
        strength: ({ idlePlaces }) => Math.max(0, 1 - idlePlaces.largest * (idlePlaces.count >= 3 ? 1 : 1.5)),
        words: ({ idlePlaces }) => `the idle sessions are spread over ${count(idlePlaces.count, 'pool')}`,
      },
      // Sessions that come and go do not belong to a pool that keeps them.
      { of: 'clients stay connected', weight: 1, strength: settledness },
      {
        of: 'the idle times are not spread evenly: the sessions came all at once, or are used',
        weight: 1,
        strength: ({ evenness }) => (evenness === null ? null : 1 - evenness),
      },
      {
        of: 'the configured pools can take more slots than there are',
        weight: 1.5,
        strength: ({ poolSlots, usable }) => (poolSlots === null ? null : Number(poolSlots > usable)),
        words: ({ poolSlots, usable }) =>
          `the configured pools can take ${count(poolSlots ?? 0, 'slot')}; ${usable} are usable`,
        slots: all,
      },
    ],
  },
  'limit-too-low': {
    prior: 0.1 * OF_RUNBOOKS,
    first: null,
    words: 'honest load: short queries keep the slots busy, and the limit is too low for them',
    explains: {
      of: 'sessions that run queries younger than `ages.querySeconds`, and idle ones between two such queries',
      slots: ({ shortQueries, inUse }) => shortQueries.length + inUse,
      words: ({ shortQueries, inUse }, { ages }) =>
        `${count(shortQueries.length, 'session')} running queries younger than ${ages.querySeconds} s, ` +
        `and ${inUse} idle between two of them`,
    },
    signs: [
      {
        // Sessions are idle for other reasons too. When this many run queries at once, the limit is too low.
        of: 'so many sessions run queries at once',
        weight: 2,
        strength: () => 1,
        words: climb,
        speaks: 'for',
        slots: atWork,
      },
      {
        of: 'clients stay connected',
        weight: 1,
        strength: settledness,
        slots: atWork,
      },
    ],
  },
} as const satisfies Record<KnownCause, Cause>;

/** Fresh sessions, as far as such sessions come and go: those of a leak or of a pool that starts stay. */
function churning({ fresh, trend }: Facts): number {
  return (fresh ?? 0) * (trend?.turnover ?? 1);
}

/**
 * How many sessions are opened, at the current rate, in the time that a session is fresh. Where none of those to explain
 * is fresh, others open them, as they always do.
 */
function opensIn({ trend, freshMs, fresh }: Facts): number {
  return fresh === 0 ? 0 : ((trend?.opensPerMinute ?? 0) * freshMs) / 60_000;
}

function spread(sessions: readonly Session[], age: 'stateMs' | 'queryMs'): string {
  let least = Infinity;
  let most = 0;
  for (const session of sessions) {
    least = Math.min(least, session[age] ?? 0);
    most = Math.max(most, session[age] ?? 0);
  }
  if (sessions.length === 0) return 'no time';
  const [shortest, longest] = [inWords(least), inWords(most)];
  return shortest === longest ? longest : `${shortest} to ${longest}`;
}
