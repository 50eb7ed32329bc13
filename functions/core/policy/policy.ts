import * as z from 'zod/mini';
import { readNetwork } from './network.ts';
import { TIER_NAMES } from './tier-names.ts';

/** `observe` plans and never acts; `approve` acts once a person has approved the plan; `act` acts by itself. */
export const mode = z.enum(['observe', 'approve', 'act'], { error: 'expected "observe", "approve" or "act"' });
export type Mode = z.infer<typeof mode>;

/** Which sessions at their usual may be ended where suspects do not suffice. */
const COLLATERALS = ['spare-idle', 'none'] as const;

/** How many figures of a sample become metrics, each of which costs money: see `FIGURES`. */
export const METRICS = ['few', 'full'] as const;
export type MetricsSetting = (typeof METRICS)[number];

const percentage = () => z.number().check(z.minimum(1), z.maximum(100));
const seconds = () => z.number().check(z.nonnegative(), z.maximum(7 * 24 * 3600));
/** Exact, or a prefix that ends in `*`. A pattern that can match nothing is refused: someone relies on it. */
export const pattern = () =>
  z
    .string()
    .check(
      z.minLength(1),
      z.regex(/^[^*]*\*?$/, 'a star is allowed at the end only, for everything that starts with the text before it'),
    );
const names = () => z._default(z.array(pattern()), []);
/** The same for a client address, which can also be a network in CIDR form. */
export const clientPattern = () =>
  pattern().check(
    z.refine(
      (text) => !text.includes('/') || readNetwork(text) !== null,
      'is not a network in CIDR form; write it as "10.1.0.0/16" or "fd00::/8"',
    ),
  );
const clientAddresses = () => z._default(z.array(clientPattern()), []);

// What each field does: lib/config/policy-descriptions.ts.

const ages = z.strictObject({
  idleSeconds: z._default(seconds(), 300),
  idleInTransactionSeconds: z._default(seconds(), 300),
  abortedTransactionSeconds: z._default(seconds(), 60),
  querySeconds: z._default(seconds(), 600),
  cancelGraceSeconds: z._default(z.number().check(z.minimum(0), z.maximum(60)), 10),
  blockerTransactionSeconds: z._default(seconds(), 30),
  blockerWaitSeconds: z._default(seconds(), 15),
  blockerMinWaiters: z._default(z.int().check(z.minimum(1)), 3),
  suspectIdleSeconds: z._default(seconds(), 5),
  suspectIdleInTransactionSeconds: z._default(seconds(), 30),
  suspectQuerySeconds: z._default(seconds(), 45),
});

const caps = z.strictObject({
  perTierPercent: z._default(percentage(), 30),
  perIncidentPercent: z._default(percentage(), 50),
  perHourPercent: z._default(percentage(), 100),
});

const rollback = z.strictObject({
  maxRowsModified: z._default(z.int().check(z.nonnegative()), 10_000),
  maxWritingSeconds: z._default(seconds(), 600),
});

const consumerCap = z.strictObject({
  marginPercent: z._default(z.number().check(z.minimum(0), z.maximum(50)), 10),
  leastSessions: z._default(z.int().check(z.minimum(1)), 5),
  perIncidentPercent: z._default(percentage(), 50),
  sharedPercent: z._default(percentage(), 80),
  idleSeconds: z._default(z.number().check(z.minimum(0), z.maximum(3600)), 1),
});

const flap = z.strictObject({
  maxIncidents: z._default(z.int().check(z.minimum(1), z.maximum(20)), 3),
});

/** Most pages after the first one that can be sent: the record has a notice for each. */
export const MOST_REPEATS = 4;

const escalation = z.strictObject({
  repeatMinutes: z._default(z.int().check(z.minimum(1), z.maximum(24 * 60)), 15),
  maxRepeats: z._default(z.int().check(z.minimum(0), z.maximum(MOST_REPEATS)), 3),
});

export const protect = z.strictObject({
  users: names(),
  applications: names(),
  databases: names(),
  clients: clientAddresses(),
  toolUsers: z._default(z.array(pattern()), ['*']),
  masterUser: z.optional(z.string().check(z.minLength(1))),
  exceptAdministrators: names(),
});

/** The longest that an incident stays open after its page: half a day. */
export const LONGEST_STAY_MINUTES = 720;

const loop = z.strictObject({
  settleSeconds: z._default(z.int().check(z.minimum(1), z.maximum(60)), 5),
  maxRounds: z._default(z.int().check(z.minimum(1), z.maximum(50)), 12),
  maxMinutes: z._default(z.number().check(z.minimum(0.1), z.maximum(12)), 12),
  stayMinutes: z._default(z.number().check(z.minimum(0), z.maximum(LONGEST_STAY_MINUTES)), 60),
  reliefSamples: z._default(z.int().check(z.minimum(1), z.maximum(5)), 3),
  reliefSpacingSeconds: z._default(z.number().check(z.minimum(0.1), z.maximum(5)), 2),
  holdSeconds: z._default(z.number().check(z.minimum(0), z.maximum(900)), 300),
  watchSeconds: z._default(z.int().check(z.minimum(1), z.maximum(120)), 30),
  patienceSeconds: z._default(z.number().check(z.minimum(1), z.maximum(120)), 60),
});

/** No question waits longer for a person: the database is full all the while. */
export const LONGEST_WAIT_MINUTES = 60;

const approval = z.strictObject({
  waitMinutes: z._default(z.number().check(z.minimum(0.05), z.maximum(LONGEST_WAIT_MINUTES)), 15),
});

const sampling = z.strictObject({
  everySeconds: z._default(z.int().check(z.minimum(10), z.maximum(60)), 60),
  metrics: z._default(z.enum(METRICS), 'few'),
});

const holdSeconds = () => z.int().check(z.minimum(0), z.maximum(3600));
const levels = z.strictObject({
  warnPercent: z._default(percentage(), 80),
  warnSeconds: z._default(holdSeconds(), 120),
  lowHeadroomPercent: z._default(percentage(), 10),
  lowHeadroomSeconds: z._default(holdSeconds(), 300),
  longQueries: z._default(z.int().check(z.nonnegative()), 5),
  longQueriesSeconds: z._default(holdSeconds(), 60),
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
  triggerPercent: z._default(z.number().check(z.minimum(50), z.maximum(98)), 85),
  reliefPercent: z._default(z.number().check(z.minimum(1), z.maximum(93)), 70),
  ages: z.prefault(ages, {}),
  caps: z.prefault(caps, {}),
  minimumPerPool: z._default(z.int().check(z.minimum(0)), 2),
  collateral: z._default(
    z.enum(COLLATERALS, { error: `expected ${COLLATERALS.map((one) => `"${one}"`).join(' or ')}` }),
    'spare-idle',
  ),
  rollback: z.prefault(rollback, {}),
  flap: z.prefault(flap, {}),
  consumerCap: z.prefault(consumerCap, {}),
  escalation: z.prefault(escalation, {}),
  protect: z.prefault(protect, {}),
  tiers: z.prefault(tierModes, {}),
  loop: z.prefault(loop, {}),
  approval: z.prefault(approval, {}),
  sampling: z.prefault(sampling, {}),
  levels: z.prefault(levels, {}),
  statements: z._default(z.enum(['redacted', 'verb', 'verbatim']), 'redacted'),
});
export type Policy = z.infer<typeof policy>;

/** What decides whether a session may ever be ended, whatever the tier. */
export type Protecting = Pick<Policy, 'protect'>;

/** Usage at which one sample opens an incident: never below the trigger. */
export function criticalPercentOf({ triggerPercent, levels }: Pick<Policy, 'triggerPercent' | 'levels'>): number {
  return Math.max(levels.criticalPercent, triggerPercent);
}

/** The shortest ages for a target that is not marked as a rehearsal. */
export const FLOORS = {
  idleSeconds: 60,
  idleInTransactionSeconds: 30,
  abortedTransactionSeconds: 10,
  querySeconds: 60,
  suspectIdleSeconds: 2,
  suspectIdleInTransactionSeconds: 10,
  suspectQuerySeconds: 20,
} as const satisfies Partial<Record<keyof Policy['ages'], number>>;

/** The shortest wait for a person on such a target. */
const LEAST_WAIT_MINUTES = 2;

const REHEARSAL_WAY_OUT = 'raise it, or set "rehearsal: true" on a target that is not production';

export interface PolicyProblem {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly message: string;
}

/** What the schema alone cannot check: the floors, and the distance from relief level to trigger. */
export function policyProblems(checked: Policy, isRehearsal: boolean): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  if (checked.reliefPercent > checked.triggerPercent - 5) {
    problems.push({
      path: ['reliefPercent'],
      value: checked.reliefPercent,
      message:
        `must be at least 5 points under triggerPercent (${checked.triggerPercent}); ` +
        `set it to ${checked.triggerPercent - 5} or less`,
    });
  }
  if (isRehearsal) return problems;
  if (checked.approval.waitMinutes < LEAST_WAIT_MINUTES) {
    problems.push({
      path: ['approval', 'waitMinutes'],
      value: checked.approval.waitMinutes,
      message:
        `must be at least ${LEAST_WAIT_MINUTES} min on a real target, so that a person can read the question; ` +
        REHEARSAL_WAY_OUT,
    });
  }
  for (const [name, floor] of Object.entries(FLOORS)) {
    const value = checked.ages[name as keyof typeof FLOORS];
    if (value < floor) {
      problems.push({
        path: ['ages', name],
        value,
        message: `must be at least ${floor} s on a real target; ${REHEARSAL_WAY_OUT}`,
      });
    }
  }
  return problems;
}
