import type { LoadSpec } from '../load-spec.ts';
import { batchJob } from './batch-job.ts';
import type { Behaviour } from './behaviour.ts';
import { deadlock } from './deadlock.ts';
import { halfOpenFlood } from './half-open-flood.ts';
import { healthyPool } from './healthy-pool.ts';
import { honestLoad } from './honest-load.ts';
import { idleInTransaction } from './idle-in-transaction.ts';
import { leakingApp } from './leaking-app.ts';
import { lockHolder, lockWaiters } from './lock-pileup.ts';
import { migration } from './migration.ts';
import { oversizedPools } from './oversized-pools.ts';
import { protectedWork } from './protected-work.ts';
import { quietSessions } from './quiet-sessions.ts';
import { replication } from './replication.ts';
import { runawayQuery } from './runaway-query.ts';
import { storm } from './storm.ts';

export const behaviours = {
  'healthy-pool': healthyPool,
  'leaking-app': leakingApp,
  'idle-in-transaction': idleInTransaction,
  'runaway-query': runawayQuery,
  'lock-holder': lockHolder,
  'lock-waiters': lockWaiters,
  'honest-load': honestLoad,
  'protected-work': protectedWork,
  replication,
  'quiet-sessions': quietSessions,
  storm,
  'oversized-pools': oversizedPools,
  migration,
  deadlock,
  'batch-job': batchJob,
  'half-open-flood': halfOpenFlood,
} as const satisfies Record<LoadSpec['behaviour'], Behaviour>;
