import { isDeepStrictEqual } from 'node:util';
import { modeOfTier } from '../../functions/core/plan/tiers/mode-of-tier.ts';
import { TIER_NAMES } from '../../functions/core/policy/tier-names.ts';
import { policy } from '../../functions/core/policy/policy.ts';
import { isRecord, valueAt } from '../../functions/core/words/records.ts';
import type { Entry, Proposal } from './propose.ts';
import type { Written } from './yaml-text.ts';

/**
 * A target for a file with `defaults`. What they say alike is left out. Whatever they say of modes, a target that nobody
 * has looked at observes, and logs in by IAM authentication: the one way that needs nothing AWS does not know.
 */
export function writtenUnder(defaults: unknown, { entry, about, slotsSource, notes }: Proposal): Written {
  const { network, ...rest } = entry;
  const inherited = valueAt(defaults, ['network']);
  return {
    ...{ about, slotsSource },
    notes: [...notes, ...foreignGroups(inherited, network)],
    entry: {
      ...rest,
      ...loginUnder(defaults),
      ...modesUnder(defaults),
      ...(isDeepStrictEqual(inherited, network) ? {} : { network }),
    },
  };
}

function loginUnder(defaults: unknown): object {
  const mode = valueAt(defaults, ['auth', 'mode']) ?? 'iam';
  return mode === 'iam' ? {} : { auth: { mode: 'iam' } };
}

function modesUnder(defaults: unknown): object {
  const parsed = policy.safeParse(valueAt(defaults, ['policy']) ?? {});
  const observing = { mode: 'observe', policy: parsed.success ? parsed.data : policy.parse({}) } as const;
  const acting = TIER_NAMES.filter((name) => modeOfTier(name, observing) !== 'observe');
  const tiers = Object.fromEntries(acting.map((name) => [name, 'observe']));
  return {
    ...((valueAt(defaults, ['mode']) ?? 'observe') === 'observe' ? {} : { mode: 'observe' }),
    ...(acting.length === 0 ? {} : { policy: { tiers } }),
  };
}

/** Fields merge one by one, so groups of another VPC would be the worker's here. */
function foreignGroups(inherited: unknown, network: Entry['network']): string[] {
  if (!isRecord(inherited) || inherited['securityGroupIds'] === undefined) return [];
  if (inherited['vpcId'] === network.vpcId) return [];
  return ['The defaults name network.securityGroupIds of another VPC: name groups of this one here.'];
}
