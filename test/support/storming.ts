import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { Session } from '../../functions/core/server/session.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, many } from './a-session.ts';

/** The user that storms. */
export const CHECKOUT = 'checkout';

/** Ninety sessions of one user that connected just now, and ten of a shop. */
export const STORM: readonly Session[] = [
  ...many(90, 1, (id) =>
    aSession(id, { user: CHECKOUT, application: 'checkout-api', connectedMs: 2_000, stateMs: 1_900, queryMs: 1_900 }),
  ),
  ...many(10, 1_001, (id) => active(id, { user: 'shop', application: 'shop-web' })),
];

/** A full server of a hundred slots in a storm, whose users have these limits. */
export function aStorm(limits: ReadonlyMap<string, number | null>, changed: Partial<Snapshot> = {}): Snapshot {
  const users = [...limits].map(([user, limit]) => ({
    user,
    account: `"${user}"`,
    limit,
    countsEarlier: true,
    refusal: null,
  }));
  return aSnapshot(100, STORM, { userLimits: { missing: [], users }, ...changed });
}

/** A target that may limit users by itself. */
export function aLimitingTarget(changed: Partial<TargetSettings> = {}): TargetSettings {
  return aTarget({ policy: aPolicy({ tiers: { 'cap-consumer': 'act' } }), ...changed });
}
