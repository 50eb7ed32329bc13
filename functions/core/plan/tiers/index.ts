import type { TierName } from '../../policy/tier-names.ts';
import { breakLocks } from './break-locks.ts';
import { cancelLong } from './cancel-long.ts';
import { capConsumer } from './cap-consumer.ts';
import { endIdleTransactions } from './end-idle-transactions.ts';
import { killIdle } from './kill-idle.ts';
import type { Tier } from './tier.ts';

/** The table of all tiers, from least to most harm. The workflow's states, the plan and the docs come from it. */
export const TIERS: readonly Tier[] = [killIdle, endIdleTransactions, breakLocks, cancelLong, capConsumer];

/** The tier that limits users. It leads while a limit is on record. */
export const LIMITING_TIER: TierName | null = TIERS.find(({ setsLimit }) => setsLimit)?.name ?? null;

export function tierNamed(name: TierName): Tier {
  const tier = TIERS.find((each) => each.name === name);
  if (!tier) throw new RangeError(`no tier is named ${name}`);
  return tier;
}
