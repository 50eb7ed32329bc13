import type { Facts } from './cause-facts.ts';
import type { Policy } from './policy.ts';
import { printable } from './printable.ts';
import type { Session } from './session.ts';
import type { TierName } from './tiers/names.ts';
import { inWords } from './tiers/tier.ts';

/** One thing that speaks for or against a cause. */
export interface Signal {
  /** Added to the cause's log-odds. Positive speaks for it. */
  readonly weight: number;
  /** With numbers; empty when it says nothing that people should read. */
  readonly words: string;
}

interface Cause {
  /** How often this is why slots run out, before anything is looked at. */
  readonly prior: number;
  /** The tier that deals with it; null when no tier does. */
  readonly first: TierName | null;
  readonly words: string;
  readonly signals: (facts: Facts, policy: Policy) => readonly Signal[];
}

/**
 * Base rates: the runbooks' for what they count (pools 40 %, queries 25 %, locks 20 %, limit 10 %, leaks 5 %, here half each
 * kind of leak), scaled to 85 %; what they only tell as stories shares the rest.
 */
const OF_RUNBOOKS = 0.85;
const OF_STORIES = 0.15 / 4;

/**
 * How much of the trouble it would explain decides first. At a third it speaks neither for nor against: all of the taken
 * slots make a cause some 27 times as likely, a tenth makes it 25 times less so.
 */
function explains(share: number, words: string): Signal {
  return { weight: 3 * Math.log((Math.min(1, share) + 0.02) / 0.35), words: share >= 0.05 ? words : '' };
}

/** What is told about a tenth of the slots weighs a fifth of what is told about half of them or more. */
function about(share: number, signals: readonly Signal[]): Signal[] {
  return signals.map(({ weight, words }) => ({ weight: weight * Math.min(1, 2 * share), words }));
}

/** `strength` from 0 (against) to 1 (for); null is not known and says nothing. */
function leaning(strength: number | null, weight: number, words: string): Signal {
  if (strength === null) return { weight: 0, words: '' };
  const lean = weight * (2 * strength - 1);
  return { weight: lean, words: lean > 0.3 ? words : '' };
}

/** 1 for a slow climb, 0 for a sudden one; null when usage did not climb while anybody looked. */
function slowness({ trend, usable }: Facts, { ages }: Policy): number | null {
  if (trend === null || trend.gained < 0.1 * usable) return null;
  // As much as two idle times is slow. Rehearsals have short ones, and are as quick in all else.
  return Math.min(1, trend.climbMs / (2000 * ages.idleSeconds));
}

function againstSlow(facts: Facts, policy: Policy): number | null {
  const slow = slowness(facts, policy);
  return slow === null ? null : 1 - slow;
}

/** 0 when a third of the slots is opened anew within the time in which a session counts as fresh, 1 when all stay; null when nobody counts. */
function settledness(facts: Facts): number | null {
  return facts.trend?.opensPerMinute == null ? null : 1 - Math.min(1, (3 * opensIn(facts)) / facts.taken);
}

function climb({ trend }: Facts): string {
  return trend === null ? '' : `usage climbed by ${trend.gained} slots within ${inWords(trend.climbMs)}`;
}

export const CAUSES = {
  'consumer-limit': {
    prior: OF_STORIES,
    first: null,
    words: 'a limit of its own that a user or database has reached: its clients are refused while the server has room',
    signals: ({ limited, taken }) => [
      explains(limited / taken, ''),
      // The server says so itself.
      ...about(limited / taken, [leaning(1, 5, '')]),
    ],
  },
  'connection-leak': {
    prior: 0.025 * OF_RUNBOOKS,
    first: 'kill-idle',
    words: 'a connection leak: sessions pile up idle and are not given back',
    signals: (facts, policy) => {
      const share = facts.leaker.sessions.length / facts.taken;
      return [
        explains(
          share,
          `${facts.leaker.sessions.length} sessions of ${printable(facts.leaker.name)} have been idle for ${spread(facts.leaker.sessions, 'stateMs')}`,
        ),
        ...about(share, [
          leaning(
            facts.usedOnce,
            3,
            `${Math.round(100 * (facts.usedOnce ?? 0))} % of them were used when they were opened and never since`,
          ),
          leaning(slowness(facts, policy), 1.5, climb(facts)),
          // One place that holds them all is one application that does not give back.
          leaning(facts.idlePlaces.largest, 2.5, ''),
        ]),
      ];
    },
  },
  'idle-in-transaction': {
    prior: 0.025 * OF_RUNBOOKS,
    first: 'end-idle-transactions',
    words: 'transactions left open: sessions idle in a transaction',
    signals: ({ inTransaction, taken }) => [
      explains(
        inTransaction.length / taken,
        `${inTransaction.length} sessions are idle in a transaction, for ${spread(inTransaction, 'stateMs')}`,
      ),
      // Nothing but forgetting them leaves so many open, however often other causes come about.
      ...about(inTransaction.length / taken, [leaning(1, 2.5, '')]),
    ],
  },
  'lock-contention': {
    prior: 0.2 * OF_RUNBOOKS,
    first: 'break-locks',
    words: 'lock contention: many sessions wait behind few',
    signals: (facts) => [
      explains(
        facts.queued / facts.taken,
        `${facts.waiting} sessions wait for locks, behind ${facts.roots} root blocker${facts.roots === 1 ? '' : 's'}`,
      ),
      ...(facts.behindPrepared > 0
        ? [leaning(1, 0.5, `${facts.behindPrepared} of them wait for a prepared transaction, which no session owns`)]
        : []),
      ...(facts.behindUnknown > 0
        ? [leaning(1, 0.5, `who holds up ${facts.behindUnknown} of them is unknown: this server does not show it`)]
        : []),
      leaning(
        facts.deadlockAgoMs === null ? null : facts.deadlockAgoMs < 600_000 ? 1 : 0.5,
        0.5,
        `the server broke a deadlock ${inWords(facts.deadlockAgoMs)} ago`,
      ),
    ],
  },
  'long-queries': {
    prior: 0.25 * OF_RUNBOOKS,
    first: 'cancel-long',
    words: 'long-running queries hold the slots',
    signals: ({ longQueries, taken }) => [
      explains(
        longQueries.length / taken,
        `${longQueries.length} queries have run for ${spread(longQueries, 'queryMs')}`,
      ),
    ],
  },
  'half-open-connections': {
    prior: OF_STORIES,
    first: null,
    words: 'half-open connections: slots are taken without a session',
    signals: ({ halfOpen, taken }) => [
      explains(
        halfOpen.count / taken,
        `${halfOpen.count} slots are taken by connections without a session${halfOpen.inferred ? ' (inferred: clients are refused while sessions are fewer than usable slots)' : ''}`,
      ),
      // Nothing else looks like this.
      ...about(halfOpen.count / taken, [leaning(1, 2.5, '')]),
    ],
  },
  'job-holding-on': {
    prior: OF_STORIES,
    first: null,
    words: 'backups, migrations or replication hold the slots',
    signals: ({ jobs, behindJobs, taken }) => [
      explains(
        (jobs.length + behindJobs) / taken,
        `${jobs.length} sessions belong to backups, migrations, replication or maintenance${behindJobs > 0 ? `, and ${behindJobs} wait for them` : ''}`,
      ),
      // Such a tool at work is no accident of the load.
      ...about((jobs.length + behindJobs) / taken, [leaning(1, 2.5, '')]),
    ],
  },
  'connection-storm': {
    prior: OF_STORIES,
    first: 'cap-consumer',
    words: 'a connection storm: clients come back faster than slots come free',
    signals: (facts) => [
      explains(
        Math.max(facts.fresh ?? 0, Math.min(facts.taken, opensIn(facts))) / facts.taken,
        facts.fresh === null
          ? `clients opened ${Math.round(facts.trend?.opensPerMinute ?? 0)} sessions a minute of late`
          : `${facts.fresh} sessions connected within the last ${inWords(facts.freshMs)}`,
      ),
      // Sessions are seldom as young as that for another reason.
      ...about((facts.fresh ?? 0) / facts.taken, [leaning(1, 1.5, '')]),
      leaning(
        facts.trend?.opensPerMinute == null ? null : Math.min(1, (1.5 * opensIn(facts)) / facts.taken),
        2,
        `clients opened ${Math.round(facts.trend?.opensPerMinute ?? 0)} sessions a minute of late, with ${facts.taken} slots taken`,
      ),
    ],
  },
  'pool-oversubscription': {
    prior: 0.4 * OF_RUNBOOKS,
    first: 'kill-idle',
    words: 'pools that are too large together: many idle sessions that are used now and then',
    signals: (facts, policy) => {
      const share = facts.spareIdle / facts.taken;
      return [
        explains(share, `${facts.idle.length} sessions are idle, ${facts.longIdle.length} of them for long`),
        ...about(share, [
          // Opened, used once and let lie are a leak; a pool uses what it has again and again.
          leaning(
            facts.usedOnce === null ? null : 1 - facts.usedOnce,
            1.5,
            'the idle ones have been used again and again',
          ),
          leaning(
            Math.max(0, 1 - facts.idlePlaces.largest * (facts.idlePlaces.count >= 3 ? 1 : 1.5)),
            1.2,
            `they are spread over ${facts.idlePlaces.count} pools`,
          ),
          // Sessions that come and go are no pool that keeps them.
          leaning(settledness(facts), 1, ''),
          // Pools fill up when they start or when traffic comes, not over hours.
          leaning(againstSlow(facts, policy), 1, ''),
        ]),
        leaning(
          facts.poolSlots === null ? null : facts.poolSlots > facts.usable ? 1 : 0,
          1.5,
          `the configured pools may take ${facts.poolSlots} slots of ${facts.usable}`,
        ),
      ];
    },
  },
  'limit-too-low': {
    prior: 0.1 * OF_RUNBOOKS,
    first: null,
    words: 'honest load: the slots are busy with short work, the limit is too low for it',
    signals: (facts, policy) => [
      explains(
        (facts.shortQueries.length + facts.inUse) / facts.taken,
        `${facts.shortQueries.length} sessions are busy with queries younger than ${policy.ages.querySeconds} s, ${facts.inUse} between two of them`,
      ),
      // Sessions are idle for other reasons too; so many at work at once is what a limit that is too low looks like.
      ...about(facts.shortQueries.length / facts.taken, [
        leaning(1, 2, climb(facts)),
        leaning(settledness(facts), 1, ''),
      ]),
    ],
  },
} as const satisfies Record<string, Cause>;

export type KnownCause = keyof typeof CAUSES;

/** Sessions that would be opened at the present rate within the time in which one counts as fresh. */
function opensIn({ trend, freshMs }: Facts): number {
  return ((trend?.opensPerMinute ?? 0) * freshMs) / 60_000;
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
