import { expect, it } from 'vitest';
import { deadlockVictims } from '../../drill/scenarios/deadlock-victims.ts';
import { flap } from '../../drill/scenarios/flap.ts';
import { halfOpenFlood } from '../../drill/scenarios/half-open-flood.ts';
import { migrationByHand, migrationLocks } from '../../drill/scenarios/migration.ts';
import { poolMisconfiguration } from '../../drill/scenarios/pool-misconfiguration.ts';
import { drill, POSTGRES_18, unmet } from './rehearse.ts';

/** Not as they are written: with other counts, names and timings, and bystanders. */
const SEED = 2;

it.each([
  [poolMisconfiguration, POSTGRES_18],
  [deadlockVictims, POSTGRES_18],
  [migrationByHand, POSTGRES_18],
  [migrationLocks, { engine: 'mysql' }],
  [halfOpenFlood, POSTGRES_18],
  [flap, POSTGRES_18],
] as const)('$0.name ends as it expects with another seed', async (scenario, server) => {
  const result = await drill(scenario, server, SEED);
  expect(unmet(result)).toEqual([]);
  expect(result).toMatchObject({ scenario: scenario.name, seed: SEED, passed: true, endedInnocent: 0 });
});
