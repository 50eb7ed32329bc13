import { matchesAny } from '../../policy/patterns.ts';
import type { Policy } from '../../policy/policy.ts';
import { protectionOf } from '../../policy/protection.ts';
import type { SparedReason } from '../../policy/spared.ts';
import { consumerOf, userOf } from '../../server/consumer.ts';
import { HOLDINGS, type Session } from '../../server/session.ts';
import type { UserLimit } from '../../server/snapshot.ts';
import { someMore } from '../../usual/departure.ts';
import type { Usual } from '../../usual/usual.ts';
import { countBy } from '../../words/count-by.ts';
import { utc } from '../../words/in-words.ts';
import { mostFirst } from '../../words/lists.ts';
import { shellWord } from '../../words/printable.ts';
import type { LimitPlan, LimitRefusal, TierInput } from './tier.ts';

/** Who is affected by a limit on the user of these sessions, largest first. */
export function concernsOf(own: readonly Session[]): LimitPlan['concerns'] {
  return mostFirst(countBy(own, applicationOf)).map(([consumer, sessions]) => ({ consumer, sessions }));
}

/** Sessions that share a user and have no name may be of one application: who shares it is told by name alone. */
function applicationOf(session: Session): string {
  return consumerOf({ ...session, client: null });
}

/** How many sessions of a user still count as usual, as far as anything tells; 0 where nothing does. */
export function usualOf(user: string, own: readonly Session[], usual: Usual): number {
  const names = [...new Set(own.map(consumerOf))].filter((name) => !usual.dominant.includes(name));
  const ofConsumers = names.reduce((sum, name) => sum + (usual.consumers[name]?.all ?? 0), 0);
  return withRoom(Math.max(ofConsumers, usual.users[userOf({ user })]?.all ?? 0));
}

/** So many sessions of a user still count as usual where so many are. */
export function withRoom(usual: number): number {
  return usual === 0 ? 0 : Math.floor(usual + someMore(usual));
}

/** What a limit leaves its user at the least, whoever sets it, where so many sessions are usual. */
export function leastFor(usual: number, { consumerCap }: Pick<Policy, 'consumerCap'>): number {
  return Math.max(consumerCap.leastSessions, usual);
}

/** Why nobody may limit this user; null when nothing is against it. */
export function guardAgainst(user: string, input: Pick<TierInput, 'allSessions' | 'policy'>): LimitRefusal | null {
  const isGuardedUser = input.allSessions.some((session) => session.user === user && isGuarded(session, input));
  if (!isGuardedUser && !matchesAny(user, input.policy.protect.users)) return null;
  return { why: 'the user is protected, or some of its sessions are', fix: [] };
}

/** What the server says about the user, if the user may be limited. */
export function findEntry(
  user: string,
  { userLimits: { missing, users }, limitsOnRecord }: Pick<TierInput, 'userLimits' | 'limitsOnRecord'>,
): UserLimit | LimitRefusal {
  if (missing.length > 0) {
    // The engine does not know whom it is about.
    const fix = missing.map((step) => step.replace('--cap-users NAME', `--cap-users ${shellWord(user)}`));
    return { why: 'Headroom is not set up to limit users', fix };
  }
  const entry = users.find((each) => each.user === user);
  if (entry === undefined) {
    const allow = `to allow it, run as an administrator what \`headroom grants --cap-users ${shellWord(user)}\` prints`;
    return { why: 'no administrator has allowed that', fix: [allow] };
  }
  if (entry.refusal !== null) return { why: `the server would refuse it: ${entry.refusal}`, fix: [] };
  const earlier = limitsOnRecord.find((limit) => limit.user === user);
  if (earlier === undefined) return entry;
  const { limit, until } = earlier;
  const why = until === undefined ? 'an earlier limit on it is not settled yet' : byPerson(limit, until);
  return { why, fix: [] };
}

function byPerson(limit: number, until: number): string {
  return `a person has limited it to ${limit}, until ${utc(until)}`;
}

/** Whether its user must not be limited: it is protected, an administrator's, the platform's or Headroom's own. */
function isGuarded(session: Session, { policy }: Pick<TierInput, 'policy'>): boolean {
  const reason = protectionOf(session, policy);
  return reason !== null && !PASSING.has(reason);
}

/** These protect a session for what it does at the moment, not for its user. */
const PASSING: ReadonlySet<SparedReason> = new Set([
  'waits-for-lock',
  'logging-in',
  'rolling-back',
  'may-not-see',
  'user-unsure',
  'opted-out',
  ...HOLDINGS.map((holding) => `holds-${holding}` as const),
]);
