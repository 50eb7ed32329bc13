import type { Scenario } from '../scenario/scenario.ts';
import { approve, changedPlan, deny, expire } from './approval.ts';
import { batchBurst } from './batch-burst.ts';
import { connectionLeak } from './connection-leak.ts';
import { consumerLimit } from './consumer-limit.ts';
import { deadlockVictims } from './deadlock-victims.ts';
import { flap } from './flap.ts';
import { halfOpenFlood } from './half-open-flood.ts';
import { idleInTransaction } from './idle-in-transaction.ts';
import { blackFriday, limitTooLow } from './limit-too-low.ts';
import { lockPileup, pageFirst } from './lock-pileup.ts';
import { lockedOut, lockedOutForGood, lockedOutWarm } from './locked-out.ts';
import { migrationByHand, migrationLocks } from './migration.ts';
import { observe } from './observe.ts';
import { ordinarySlotsTaken } from './ordinary-slots-taken.ts';
import { paused, pausedTier } from './paused.ts';
import { poolMisconfiguration } from './pool-misconfiguration.ts';
import { protectedOnly } from './protected-only.ts';
import { reconnectStorm } from './reconnect-storm.ts';
import { runawayAnalytics } from './runaway-analytics.ts';
import { runawayQuery } from './runaway-query.ts';
import { storm, stormKillsAlone, stormRefill } from './storm.ts';

/** In the order they are listed and run; the first is the default. */
export const SCENARIOS: readonly [Scenario, ...Scenario[]] = [
  connectionLeak,
  idleInTransaction,
  runawayQuery,
  runawayAnalytics,
  lockPileup,
  pageFirst,
  deadlockVictims,
  migrationLocks,
  migrationByHand,
  poolMisconfiguration,
  limitTooLow,
  blackFriday,
  batchBurst,
  halfOpenFlood,
  protectedOnly,
  ordinarySlotsTaken,
  lockedOut,
  lockedOutWarm,
  lockedOutForGood,
  reconnectStorm,
  consumerLimit,
  storm,
  stormRefill,
  stormKillsAlone,
  observe,
  paused,
  pausedTier,
  approve,
  deny,
  expire,
  changedPlan,
  flap,
];
