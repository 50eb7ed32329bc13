import { exampleOf, type CauseExample, type Group, type Story } from './cause-example.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Ordinary services in ordinary use, beside the trouble. */
const everyday = (count: number): Group[] => [
  {
    count: Math.ceil(count / 2),
    who: ['shop', 'web'],
    clients: 4,
    state: 'idle',
    forMs: [SECOND, 40 * SECOND],
    olderByMs: 50 * MINUTE,
  },
  {
    count: Math.floor(count / 2),
    who: ['shop', 'web'],
    clients: 4,
    state: 'active',
    forMs: [20, 400],
    olderByMs: 50 * MINUTE,
  },
];

const STORIES: readonly Story[] = [
  {
    cause: 'connection-leak',
    story:
      'An export service opens a connection for each order and never closes it. It has run since a deployment an hour ago.',
    engine: 'postgres',
    usable: 100,
    groups: [
      {
        count: 78,
        who: ['orders', 'order-export'],
        state: 'idle',
        forMs: [2 * MINUTE, 70 * MINUTE],
        olderByMs: 2 * SECOND,
        statement: 'SELECT * FROM orders WHERE id = ?',
      },
      ...everyday(22),
    ],
    course: { base: 22, climbMinutes: 70, opensPerMinute: 2 },
  },
  {
    cause: 'idle-in-transaction',
    story:
      'A checkout service calls a payment provider between BEGIN and COMMIT, and the provider has stopped answering.',
    engine: 'mariadb',
    usable: 100,
    groups: [
      {
        count: 64,
        who: ['checkout', 'checkout'],
        clients: 6,
        state: 'idle-in-transaction',
        forMs: [30 * SECOND, 9 * MINUTE],
        olderByMs: 20 * MINUTE,
        verb: 'UPDATE',
        statement: 'UPDATE carts SET state = ? WHERE id = ?',
      },
      ...everyday(36),
    ],
    course: { base: 38, climbMinutes: 9, opensPerMinute: 10 },
  },
  {
    cause: 'lock-contention',
    story: 'One session has updated a row that every payment needs, and does not commit.',
    engine: 'postgres',
    usable: 100,
    groups: [
      {
        count: 1,
        who: ['pay', 'payments'],
        state: 'idle-in-transaction',
        forMs: [4 * MINUTE, 4 * MINUTE],
        olderByMs: 30 * MINUTE,
        verb: 'UPDATE',
        statement: 'UPDATE balances SET amount = amount - ? WHERE account = ?',
      },
      {
        count: 75,
        who: ['pay', 'payments'],
        clients: 5,
        state: 'active',
        forMs: [2 * SECOND, 230 * SECOND],
        olderByMs: 30 * MINUTE,
        verb: 'UPDATE',
        waits: true,
      },
      ...everyday(24),
    ],
    course: { base: 30, climbMinutes: 4, opensPerMinute: 12 },
  },
  {
    cause: 'long-queries',
    story: 'The analysts’ dashboards reload every hour, and since this morning their query scans a whole table.',
    engine: 'mysql',
    isRds: true,
    usable: 100,
    groups: [
      {
        count: 66,
        who: ['analyst', 'dashboards'],
        clients: 3,
        state: 'active',
        forMs: [11 * MINUTE, 95 * MINUTE],
        olderByMs: SECOND,
        statement: 'SELECT region, SUM(total) FROM order_lines GROUP BY region',
      },
      ...everyday(34),
    ],
    course: { base: 36, climbMinutes: 90, opensPerMinute: 4 },
  },
  {
    cause: 'pool-oversubscription',
    story: 'Autoscaling has brought the web tier to twelve processes, each with a pool of twenty.',
    engine: 'postgres',
    isRds: true,
    usable: 200,
    groups: [
      {
        count: 160,
        who: ['shop', 'web'],
        clients: 12,
        state: 'idle',
        forMs: [12 * SECOND, 9 * MINUTE],
        olderByMs: 40 * MINUTE,
      },
      { count: 25, who: ['shop', 'web'], clients: 12, state: 'active', forMs: [20, 300], olderByMs: 45 * MINUTE },
      {
        count: 13,
        who: ['jobs', 'worker'],
        clients: 2,
        state: 'idle',
        forMs: [SECOND, 8 * SECOND],
        olderByMs: 3 * MINUTE,
      },
    ],
    course: { base: 110, climbMinutes: 6, opensPerMinute: 20 },
    pools: [
      { name: 'web', instances: 12, size: 20, cores: 4 },
      { name: 'worker', instances: 2, size: 10, cores: null },
    ],
    surroundings: { freeMemoryBytes: 2_100_000_000 },
  },
  {
    cause: 'limit-too-low',
    story: 'A sale has begun. Everything is busy with short queries, nothing is stuck, and the limit has been lowered.',
    engine: 'mysql',
    isRds: true,
    usable: 100,
    groups: [
      {
        count: 74,
        who: ['shop', 'web'],
        clients: 8,
        state: 'active',
        forMs: [20, 900],
        olderByMs: 20 * MINUTE,
      },
      { count: 25, who: ['shop', 'web'], clients: 8, state: 'idle', forMs: [100, 4 * SECOND], olderByMs: 20 * MINUTE },
    ],
    course: { base: 45, climbMinutes: 12, opensPerMinute: 15 },
    surroundings: {
      freeMemoryBytes: 900_000_000,
      changes: [
        '40 min ago: parameter group shop-mysql: Updated parameter max_connections to 100 with apply method immediate',
      ],
    },
  },
  {
    cause: 'connection-storm',
    story:
      'An API in front of mobile clients reconnects at once whenever a request fails. MySQL does not report when a session connected; its counter of connections does.',
    engine: 'mysql',
    usable: 100,
    groups: [
      {
        count: 76,
        who: ['mobile', 'mobile-api'],
        clients: 12,
        state: 'idle',
        forMs: [100, 6 * SECOND],
        olderByMs: 0,
      },
      ...everyday(24),
    ],
    course: { base: 26, climbMinutes: 1, opensPerMinute: 1_500, refusedPerMinute: 900 },
  },
  {
    cause: 'job-holding-on',
    story:
      'A migration alters a table that everything reads, and has waited for a moment without readers for two minutes.',
    engine: 'postgres',
    usable: 100,
    groups: [
      {
        count: 1,
        who: ['deploy', 'flyway'],
        state: 'active',
        forMs: [3 * MINUTE, 3 * MINUTE],
        olderByMs: 2 * SECOND,
        verb: 'ALTER',
        statement: 'ALTER TABLE orders ADD COLUMN note text',
      },
      {
        count: 70,
        who: ['shop', 'web'],
        clients: 8,
        state: 'active',
        forMs: [SECOND, 170 * SECOND],
        olderByMs: 30 * MINUTE,
        waits: true,
      },
      ...everyday(29),
    ],
    course: { base: 32, climbMinutes: 3, opensPerMinute: 14 },
  },
  {
    cause: 'half-open-connections',
    story:
      'A health check opens the port each second and never logs in. PostgreSQL 17 does not show such connections: clients are refused while few sessions are there.',
    engine: 'postgres',
    usable: 100,
    groups: everyday(24),
    course: { base: 24, climbMinutes: 2, opensPerMinute: 3 },
    also: { halfOpen: { count: 76, inferred: true } },
  },
  {
    cause: 'consumer-limit',
    story: 'The server has room. The role of the reports has a connection limit of forty, and all forty are taken.',
    engine: 'postgres',
    usable: 200,
    groups: [
      {
        count: 40,
        who: ['reports', 'report-api'],
        clients: 4,
        state: 'idle',
        forMs: [20 * SECOND, 4 * MINUTE],
        olderByMs: 30 * MINUTE,
      },
      ...everyday(20),
    ],
    course: { base: 52, climbMinutes: 20, opensPerMinute: 3 },
    also: { atLimit: [{ of: 'user', name: 'reports', limit: 40 }] },
  },
  {
    cause: 'unclear',
    story: 'The morning after an installation: no samples yet, and a little of everything.',
    engine: 'postgres',
    usable: 100,
    groups: [
      {
        count: 14,
        who: ['crm', 'crm-sync'],
        clients: 2,
        state: 'idle',
        forMs: [MINUTE, 20 * MINUTE],
        olderByMs: 10 * MINUTE,
      },
      {
        count: 24,
        who: ['checkout', 'checkout'],
        clients: 4,
        state: 'idle-in-transaction',
        forMs: [SECOND, MINUTE],
        olderByMs: 10 * MINUTE,
        verb: 'UPDATE',
      },
      {
        count: 30,
        who: ['analyst', 'dashboards'],
        state: 'active',
        forMs: [11 * MINUTE, 30 * MINUTE],
        olderByMs: SECOND,
      },
      ...everyday(32),
    ],
  },
];

/** One example for each cause. */
export const CAUSE_EXAMPLES: readonly CauseExample[] = STORIES.map(exampleOf);
