import type { Dice } from '../../drill/loads/dice.ts';
import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { add, busy, leaked, openTransaction, pooledIdle, waiting, type Crowd } from './crowd.ts';

const MINUTE = 60_000;

/** How usage grew: minutes from calm to full, and sessions recently opened per minute for each taken slot. */
export interface Course {
  readonly climbMinutes: number;
  readonly opensPerSlot: number;
}

/** One kind of incident: who fills the slots that everyday life leaves, and how. */
export interface Model {
  readonly name: string;
  /** What a person who knows the story would say. */
  readonly cause: CauseName;
  /** The rehearsals of the same story. */
  readonly scenarios: readonly string[];
  readonly sessions: (crowd: Crowd, slots: number) => Session[];
  readonly course: (crowd: Crowd) => Course;
  /** Of these slots, how many are taken by connections that have not logged in. */
  readonly halfOpenShare?: (dice: Dice) => number;
  readonly deadlock?: boolean;
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: Math.max(0, count) }, (_, index) => make(index));

/** The stories of the runbooks. Numbers, names and timings vary; ages are production's, not a rehearsal's. */
export const MODELS: readonly Model[] = [
  {
    name: 'pool misconfiguration',
    cause: 'pool-oversubscription',
    scenarios: ['pool-misconfiguration'],
    sessions: (crowd, slots) => {
      const instances = crowd.dice.whole(4, 20);
      const mean = crowd.dice.between(30, 1_500) * 1000;
      const busyShare = crowd.dice.between(0, 0.3);
      return times(slots, (index) => {
        const who = { user: 'web', application: `web-${index % instances}`, client: `10.2.0.${index % instances}` };
        return crowd.dice.happens(busyShare) ? busy(crowd, who, 100, 600_000) : pooledIdle(crowd, who, mean);
      });
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(0.2, 60), opensPerSlot: dice.between(0, 0.3) }),
  },
  {
    name: 'surge of customers',
    cause: 'limit-too-low',
    scenarios: ['black-friday'],
    sessions: (crowd, slots) =>
      times(slots, (index) =>
        busy(
          crowd,
          { user: 'web', application: `web-${index % 6}`, client: `10.2.0.${index % 6}` },
          400,
          crowd.dice.between(1, 10) * MINUTE,
        ),
      ),
    course: ({ dice }) => ({ climbMinutes: dice.between(0.5, 15), opensPerSlot: dice.between(0, 0.6) }),
  },
  {
    name: 'limit too low',
    cause: 'limit-too-low',
    scenarios: ['limit-too-low'],
    sessions: (crowd, slots) => {
      const idleShare = crowd.dice.between(0, 0.35);
      return times(slots, (index) => {
        const who = {
          user: `team${'abc'[index % 3]}`,
          application: `api-${'abc'[index % 3]}`,
          client: `10.3.0.${index % 9}`,
        };
        return crowd.dice.happens(idleShare) ? pooledIdle(crowd, who, 3_000) : busy(crowd, who, 900, 60 * MINUTE);
      });
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(4, 110), opensPerSlot: dice.between(0, 0.3) }),
  },
  {
    name: 'connection storm',
    cause: 'connection-storm',
    scenarios: ['storm', 'reconnect-storm'],
    sessions: (crowd, slots) =>
      times(slots, (index) => {
        const who = { user: 'mobile', application: 'mobile-api', client: `10.4.0.${index % 12}` };
        const age = crowd.dice.between(50, 9_000);
        const connected = { connectedMs: age, stateMs: age / 2, queryMs: age / 2 };
        return crowd.dice.happens(0.5)
          ? add(crowd, who, { state: 'idle', ...connected })
          : add(crowd, who, { state: 'active', ...connected });
      }),
    course: ({ dice }) => ({ climbMinutes: dice.between(0.2, 5), opensPerSlot: dice.between(2, 60) }),
    halfOpenShare: (dice) => dice.between(0, 0.2),
  },
  {
    name: 'runaway analytics',
    cause: 'long-queries',
    scenarios: ['runaway-analytics', 'runaway-query'],
    sessions: (crowd, slots) => {
      const hours = crowd.dice.between(0.2, 6);
      return times(slots, (index) => {
        const queryMs = crowd.dice.between(0.1, hours) * 60 * MINUTE;
        return add(
          crowd,
          {
            user: 'analyst',
            application: crowd.dice.pick(['tableau', 'dbt', 'notebook', '']),
            client: `10.5.0.${index % 3}`,
          },
          {
            state: 'active',
            stateMs: queryMs,
            queryMs,
            transactionMs: queryMs,
            transactionMark: 'in one',
            connectedMs: queryMs + 1_000,
          },
        );
      });
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(2, 110), opensPerSlot: dice.between(0, 0.2) }),
  },
  {
    name: 'migration holding locks',
    cause: 'job-holding-on',
    scenarios: ['migration-locks', 'migration-by-hand'],
    sessions: (crowd, slots) => {
      const ageMs = crowd.dice.between(1, 45) * MINUTE;
      const migration = add(
        crowd,
        { user: 'deploy', application: crowd.dice.pick(['flyway', 'alembic', 'psql', 'rails-console']) },
        {
          state: crowd.dice.happens(0.5) ? 'active' : 'idle-in-transaction',
          stateMs: ageMs,
          queryMs: ageMs,
          transactionMs: ageMs + 500,
          transactionMark: 'in one',
          connectedMs: ageMs + 2_000,
          hasWritten: true,
          statement: { verb: 'ALTER', text: null, isOptedOut: false },
        },
      );
      return [
        migration,
        ...times(slots - 1, (index) =>
          waiting(crowd, { user: 'web', application: `web-${index % 5}` }, migration.identity.id, ageMs),
        ),
      ];
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(0.5, 10), opensPerSlot: dice.between(0, 0.5) }),
  },
  {
    name: 'batch job burst',
    cause: 'job-holding-on',
    scenarios: ['batch-burst'],
    sessions: (crowd, slots) => {
      const application = crowd.dice.pick([
        'nightly-batch',
        'etl-loader',
        'report-job',
        'cron-import',
        'billing-worker-batch',
      ]);
      return times(slots, (index) => {
        const who = { user: 'batch', application, client: `10.6.0.${index % 4}` };
        return crowd.dice.happens(0.7) ? busy(crowd, who, 45_000, 5 * MINUTE) : openTransaction(crowd, who, 8_000);
      });
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(0.5, 8), opensPerSlot: dice.between(0, 0.6) }),
  },
  {
    name: 'leak without close',
    cause: 'connection-leak',
    scenarios: ['connection-leak'],
    sessions: (crowd, slots) => {
      const oldestMs = crowd.dice.between(3, 600) * MINUTE;
      return times(slots, () => leaked(crowd, { user: 'orders', application: 'order-export' }, oldestMs));
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(2, 110), opensPerSlot: dice.between(0.005, 0.25) }),
  },
  {
    name: 'idle-in-transaction leak',
    cause: 'idle-in-transaction',
    scenarios: ['idle-in-transaction'],
    sessions: (crowd, slots) => {
      const mean = crowd.dice.between(3, 90) * MINUTE;
      return times(slots, () => openTransaction(crowd, { user: 'orders', application: 'checkout' }, mean));
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(1, 100), opensPerSlot: dice.between(0, 0.5) }),
  },
  {
    name: 'lock pile-up',
    cause: 'lock-contention',
    scenarios: ['lock-pileup'],
    sessions: (crowd, slots) => {
      const ageMs = crowd.dice.between(0.5, 20) * MINUTE;
      const root = openTransaction(crowd, { user: 'pay', application: 'payments' }, 0);
      const held = { ...root, stateMs: ageMs, transactionMs: ageMs, queryMs: ageMs };
      return [
        held,
        ...times(slots - 1, (index) =>
          waiting(crowd, { user: 'pay', application: `payments-${index % 4}` }, root.identity.id, ageMs),
        ),
      ];
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(0.3, 12), opensPerSlot: dice.between(0, 0.8) }),
  },
  {
    name: 'deadlock victims',
    cause: 'lock-contention',
    scenarios: ['deadlock-victims'],
    sessions: (crowd, slots) => {
      const waitingShare = crowd.dice.between(0.6, 1);
      const roots = times(crowd.dice.whole(1, 6), () => ({
        ...openTransaction(crowd, { user: 'pay', application: 'payments' }, 2_000),
        hasWritten: true,
      }));
      return [
        ...roots,
        ...times(slots - roots.length, (index) => {
          const behind = roots[index % roots.length]?.identity.id ?? 1;
          return crowd.dice.happens(waitingShare)
            ? waiting(crowd, { user: 'pay', application: `payments-${index % 4}` }, behind, 9_000)
            : busy(crowd, { user: 'pay', application: `payments-${index % 4}` }, 300, 600_000);
        }),
      ];
    },
    course: ({ dice }) => ({ climbMinutes: dice.between(0.3, 12), opensPerSlot: dice.between(0, 0.8) }),
    deadlock: true,
  },
  {
    name: 'half-open flood',
    cause: 'half-open-connections',
    scenarios: ['half-open-flood'],
    // Newer servers show them while they log in.
    sessions: (crowd, slots) =>
      times(slots, () => {
        const connectedMs = crowd.dice.between(0, 60_000);
        return add(
          crowd,
          { user: '', application: '' },
          { state: 'starting', connectedMs, stateMs: null, queryMs: null },
        );
      }),
    course: ({ dice }) => ({ climbMinutes: dice.between(0.2, 5), opensPerSlot: dice.between(0, 0.3) }),
    halfOpenShare: (dice) => (dice.happens(0.5) ? 1 : 0),
  },
];
