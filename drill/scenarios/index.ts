import { connectionLeak } from './connection-leak.ts';
import { honestLoad } from './honest-load.ts';
import { idleInTransaction } from './idle-in-transaction.ts';
import { lockPileup } from './lock-pileup.ts';
import { lockedOut, lockedOutForGood } from './locked-out.ts';
import { observe } from './observe.ts';
import { protectedOnly } from './protected-only.ts';
import { runawayQuery } from './runaway-query.ts';
import type { Scenario } from './scenario.ts';
import { storm, stormKillsAlone, stormRefill } from './storm.ts';

/** In the order they are listed and run; the first is the default. */
export const SCENARIOS: readonly [Scenario, ...Scenario[]] = [
  connectionLeak,
  idleInTransaction,
  runawayQuery,
  lockPileup,
  honestLoad,
  protectedOnly,
  lockedOut,
  lockedOutForGood,
  storm,
  stormRefill,
  stormKillsAlone,
  observe,
];
