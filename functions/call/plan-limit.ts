import { slotsNeeded } from '../core/plan/budget.ts';
import type { LimitPlan, LimitRefusal, TierInput } from '../core/plan/tiers/tier.ts';
import { concernsOf, findEntry, guardAgainst, leastFor, usualOf } from '../core/plan/tiers/user-limit.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { Session } from '../core/server/session.ts';
import { clientsOf, slotsTaken, type Snapshot } from '../core/server/snapshot.ts';
import { findUsual, type Before } from '../core/usual/find-usual.ts';
import type { UsualBasis } from '../core/usual/usual.ts';
import { count } from '../core/words/count.ts';
import { named } from '../core/words/printable.ts';

/** What is on record that a person's limit must fit. */
interface Known {
  readonly before: Before;
  readonly limitsOnRecord: TierInput['limitsOnRecord'];
}

/** A limit that a person asks for and may have. */
export interface PersonsLimitPlan extends LimitPlan {
  /** How many sessions are usual of the user, 0 where nothing tells, and how that is known. */
  readonly usual: number;
  readonly basis: UsualBasis;
  /** Connections that are open already count. Where they do not, so many more get in. */
  readonly countsEarlier: boolean;
}

/**
 * A limit as a person asks for it, or why it must not, or cannot, be set: by the guards of cap-consumer, and never under
 * what cap-consumer would leave the user. That applications share the user is said and refuses nothing: a person may
 * decide that. Pure.
 */
export function planPersonsLimit(
  snapshot: Snapshot,
  policy: Policy,
  { user, limit }: { readonly user: string; readonly limit: number },
  { before, limitsOnRecord }: Known,
): PersonsLimitPlan | LimitRefusal {
  const who = `the user ${named(user, 63)}`;
  const refuse = (why: string, fix: readonly string[] = []): LimitRefusal => ({
    why: `${who} is not limited: ${why}`,
    fix,
  });
  const mayNot = guardAgainst(user, { allSessions: snapshot.sessions, policy });
  if (mayNot) return refuse(mayNot.why, mayNot.fix);
  const entry = findEntry(user, { userLimits: snapshot.userLimits, limitsOnRecord });
  if ('why' in entry) return refuse(entry.why, entry.fix);
  const clients = clientsOf(snapshot);
  const own = clients.filter((session) => session.user === user);
  const { usual, basis } = readUsual(user, { own, clients }, { snapshot, policy, before });
  const least = leastFor(usual, policy);
  if (limit < least) return refuse(`${limit} is too low, ${why(least, usual)}`, [`ask for ${least} or more`]);
  if (entry.limit !== null && entry.limit <= limit) return refuse(`it is already limited to ${entry.limit}`);
  return {
    user,
    account: entry.account,
    limit,
    before: entry.limit,
    sessions: own.length,
    reason: `a person asked for it; ${named(user, 63)} holds ${count(own.length, 'session')}`,
    concerns: concernsOf(own),
    usual,
    basis,
    countsEarlier: entry.countsEarlier,
  };
}

function why(least: number, usual: number): string {
  return least <= usual
    ? `up to ${usual} are usual of it`
    : `the policy leaves every limited user ${least} (consumerCap.leastSessions)`;
}

function readUsual(
  user: string,
  { own, clients }: { readonly own: readonly Session[]; readonly clients: readonly Session[] },
  { snapshot, policy, before }: { readonly snapshot: Snapshot; readonly policy: Policy; readonly before: Before },
): Pick<PersonsLimitPlan, 'usual' | 'basis'> {
  const usual = findUsual(before, {
    at: snapshot.at,
    used: slotsTaken(snapshot),
    need: slotsNeeded(snapshot, policy),
    triggerPercent: policy.triggerPercent,
    clients,
  });
  return { usual: usualOf(user, own, usual), basis: usual.basis };
}
