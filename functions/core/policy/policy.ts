import * as z from 'zod/mini';
import { readNetwork } from './network.ts';
import { TIER_NAMES } from './tier-names.ts';

/** `observe` plans and never acts; `approve` acts when a person has said yes to the plan. */
export const mode = z.enum(['observe', 'approve', 'act'], { error: 'expected "observe", "approve" or "act"' });
export type Mode = z.infer<typeof mode>;

const percentage = () => z.number().check(z.minimum(1), z.maximum(100));
const seconds = () => z.number().check(z.nonnegative(), z.maximum(7 * 24 * 3600));
/** Exact, or a prefix that ends in `*`. What would silently match nobody is refused: somebody relies on its protection. */
export const pattern = () =>
  z
    .string()
    .check(
      z.minLength(1),
      z.regex(
        /^[^*]*\*?$/,
        'a star may stand at the end only, for everything that starts like this; elsewhere it matches nothing',
      ),
    );
const names = () => z._default(z.array(pattern()), []);
/** The same for a client address, which may also be a network in CIDR form. */
export const clientPattern = () =>
  pattern().check(
    z.refine(
      (text) => !text.includes('/') || readNetwork(text) !== null,
      'is no network in CIDR form; write it as "10.1.0.0/16" or "fd00::/8"',
    ),
  );
const clientAddresses = () => z._default(z.array(clientPattern()), []);

const ages = z.strictObject({
  /** Idle at least this long before kill-idle may end it. */
  idleSeconds: z._default(seconds(), 300),
  /** Idle in transaction at least this long before end-idle-transactions may end it. */
  idleInTransactionSeconds: z._default(seconds(), 300),
  /** The same for a transaction that has already failed. */
  abortedTransactionSeconds: z._default(seconds(), 60),
  /** A query runs at least this long before cancel-long may cancel it. */
  querySeconds: z._default(seconds(), 600),
  /** How long a cancelled query may take to stop before its session is terminated. */
  cancelGraceSeconds: z._default(z.number().check(z.minimum(0), z.maximum(60)), 10),
  /** Age of the root blocker's transaction before break-locks may end it. */
  blockerTransactionSeconds: z._default(seconds(), 30),
  /** How long its waiters have waited. */
  blockerWaitSeconds: z._default(seconds(), 15),
  /** How many waiters must have waited that long. */
  blockerMinWaiters: z._default(z.int().check(z.minimum(1)), 3),
});

const caps = z.strictObject({
  /** Most sessions one act of a tier may end, in percent of usable slots. */
  perTierPercent: z._default(percentage(), 30),
  /** Most sessions one incident may end. */
  perIncidentPercent: z._default(percentage(), 50),
  /** Most sessions all incidents of a target may end within an hour. */
  perHourPercent: z._default(percentage(), 100),
});

const rollback = z.strictObject({
  /** Rows a transaction may have changed and still be ended (MySQL and MariaDB count them; undoing takes as long as doing). */
  maxRowsModified: z._default(z.int().check(z.nonnegative()), 10_000),
  /** How long a transaction that has written may have been at work, idle time left out (where rows are not counted). */
  maxWritingSeconds: z._default(seconds(), 600),
});

const consumerCap = z.strictObject({
  /**
   * Usable slots, in percent, that the limit leaves free under the relief level: clients that it refuses take one while their
   * password is checked.
   */
  marginPercent: z._default(z.number().check(z.minimum(0), z.maximum(50)), 10),
  /** Connections that cap-consumer leaves its user in any case. */
  leastSessions: z._default(z.int().check(z.minimum(1)), 5),
  /** Most sessions of limited users that one incident may end; they have a budget of their own beside `caps.perIncidentPercent`. */
  perIncidentPercent: z._default(percentage(), 50),
  /** A user of several applications that holds more of all client sessions than this is shared by everything, and not limited. */
  sharedPercent: z._default(percentage(), 80),
  /** Idle at least this long before cap-consumer may end a session of the user it has limited. */
  idleSeconds: z._default(z.number().check(z.minimum(0), z.maximum(3600)), 1),
});

const flap = z.strictObject({
  /** Incidents with one cause that Headroom relieves by acting within an hour; the next is a person's. */
  maxIncidents: z._default(z.int().check(z.minimum(1), z.maximum(20)), 3),
});

/** Pages after the first one that can be sent at all: the record has a notice for each. */
export const MOST_REPEATS = 4;

const escalation = z.strictObject({
  /** Time after a page before the next one, while nobody acknowledges and the trouble stands. */
  repeatMinutes: z._default(z.int().check(z.minimum(1), z.maximum(24 * 60)), 15),
  /** Pages after the first one. */
  maxRepeats: z._default(z.int().check(z.minimum(0), z.maximum(MOST_REPEATS)), 3),
});

const protect = z.strictObject({
  users: names(),
  applications: names(),
  databases: names(),
  /** Client addresses: exact, prefix with `*`, or a network in CIDR form. */
  clients: clientAddresses(),
});

const loop = z.strictObject({
  /** Wait between an act and the next diagnosis. */
  settleSeconds: z._default(z.int().check(z.minimum(1), z.maximum(60)), 5),
  /** Rounds before the incident is escalated. */
  maxRounds: z._default(z.int().check(z.minimum(1), z.maximum(50)), 12),
  /** Total time before the incident is escalated. */
  maxMinutes: z._default(z.number().check(z.minimum(0.1), z.maximum(12)), 12),
  /** Samples in a row that must all be good before relief is confirmed. */
  reliefSamples: z._default(z.int().check(z.minimum(1), z.maximum(5)), 3),
  reliefSpacingSeconds: z._default(z.number().check(z.minimum(0.1), z.maximum(5)), 2),
  /** How long relief must hold before the incident is closed as relieved. */
  holdSeconds: z._default(z.number().check(z.minimum(0), z.maximum(900)), 300),
  /** Wait between two looks while relief is watched. */
  watchSeconds: z._default(z.int().check(z.minimum(1), z.maximum(120)), 30),
  /** How long to try to get into a full server. */
  patienceSeconds: z._default(z.number().check(z.minimum(1), z.maximum(120)), 60),
});

/** Longer than this nobody is waited for: the database is full all the while. */
export const LONGEST_WAIT_MINUTES = 60;

const approval = z.strictObject({
  /** How long a question waits for a person; unanswered it counts as no, and a person is paged. */
  waitMinutes: z._default(z.number().check(z.minimum(0.05), z.maximum(LONGEST_WAIT_MINUTES)), 15),
});

const sampling = z.strictObject({
  /** How often a sample is taken; more often than each minute means several within one call. */
  everySeconds: z._default(z.int().check(z.minimum(10), z.maximum(60)), 60),
});

const holdSeconds = () => z.int().check(z.minimum(0), z.maximum(3600));
const levels = z.strictObject({
  /** Usage at which people are warned, once it has held for `warnSeconds`. */
  warnPercent: z._default(percentage(), 80),
  warnSeconds: z._default(holdSeconds(), 120),
  /** Free slots, in percent of usable ones, under which people are warned, once it has held for `lowHeadroomSeconds`. */
  lowHeadroomPercent: z._default(percentage(), 10),
  lowHeadroomSeconds: z._default(holdSeconds(), 300),
  /** More queries over five minutes old than this and people are warned, once it has held for `longQueriesSeconds`. */
  longQueries: z._default(z.int().check(z.nonnegative()), 5),
  longQueriesSeconds: z._default(holdSeconds(), 60),
  /** Usage at which one sample is enough to act on. */
  criticalPercent: z._default(z.number().check(z.minimum(50), z.maximum(100)), 95),
});

const tierModes = z.strictObject(
  Object.fromEntries(TIER_NAMES.map((name) => [name, z.optional(mode)])) as Record<
    (typeof TIER_NAMES)[number],
    z.ZodMiniOptional<typeof mode>
  >,
);

/** What Headroom may do to a target, and when. Every field has a default that suits production. */
export const policy = z.strictObject({
  /** Usage, in percent of usable slots, at which an incident is worth acting on. */
  triggerPercent: z._default(z.number().check(z.minimum(50), z.maximum(98)), 85),
  /** Usage at or under which relief has come; plans stop here. */
  reliefPercent: z._default(z.number().check(z.minimum(1), z.maximum(93)), 70),
  ages: z.prefault(ages, {}),
  caps: z.prefault(caps, {}),
  /** Sessions of each pool that kill-idle leaves in place. */
  minimumPerPool: z._default(z.int().check(z.minimum(0)), 2),
  /** Work that no tier throws away without a person's yes. */
  rollback: z.prefault(rollback, {}),
  flap: z.prefault(flap, {}),
  consumerCap: z.prefault(consumerCap, {}),
  escalation: z.prefault(escalation, {}),
  protect: z.prefault(protect, {}),
  /** Modes of single tiers, where they differ from the target's. */
  tiers: z.prefault(tierModes, {}),
  loop: z.prefault(loop, {}),
  approval: z.prefault(approval, {}),
  sampling: z.prefault(sampling, {}),
  levels: z.prefault(levels, {}),
  /** How much of a statement leaves the worker: without literals, only its first keyword, or as it was written. */
  statements: z._default(z.enum(['redacted', 'verb', 'verbatim']), 'redacted'),
});
export type Policy = z.infer<typeof policy>;

/** Usage at which nothing is waited for any more: never below the trigger. */
export function criticalPercentOf({ triggerPercent, levels }: Pick<Policy, 'triggerPercent' | 'levels'>): number {
  return Math.max(levels.criticalPercent, triggerPercent);
}

/** Ages below which a target that is not marked as a rehearsal is refused. */
export const FLOORS = {
  idleSeconds: 60,
  idleInTransactionSeconds: 30,
  abortedTransactionSeconds: 10,
  querySeconds: 60,
} as const satisfies Partial<Record<keyof Policy['ages'], number>>;

/** The shortest wait for a person on such a target. */
const LEAST_WAIT_MINUTES = 2;

export interface PolicyProblem {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly message: string;
}

/** What the schema alone cannot say: floors, and how trigger and relief stand to each other. */
export function policyProblems(checked: Policy, isRehearsal: boolean): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  if (checked.reliefPercent > checked.triggerPercent - 5) {
    problems.push({
      path: ['reliefPercent'],
      value: checked.reliefPercent,
      message: `must be at least 5 points under triggerPercent (${checked.triggerPercent}); set it to ${checked.triggerPercent - 5} or less`,
    });
  }
  if (isRehearsal) return problems;
  if (checked.approval.waitMinutes < LEAST_WAIT_MINUTES) {
    problems.push({
      path: ['approval', 'waitMinutes'],
      value: checked.approval.waitMinutes,
      message: `must be at least ${LEAST_WAIT_MINUTES} min on a real target, or nobody has read the question; raise it, or set "rehearsal: true" on a target that is not production`,
    });
  }
  for (const [name, floor] of Object.entries(FLOORS)) {
    const value = checked.ages[name as keyof typeof FLOORS];
    if (value < floor) {
      problems.push({
        path: ['ages', name],
        value,
        message: `must be at least ${floor} s on a real target; raise it, or set "rehearsal: true" on a target that is not production`,
      });
    }
  }
  return problems;
}
