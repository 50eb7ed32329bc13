import { isLoggingIn, type Session } from '../../server/session.ts';
import type { UserLimit } from '../../server/snapshot.ts';
import { count } from '../../words/count.ts';
import { countBy } from '../../words/count-by.ts';
import { inWords } from '../../words/in-words.ts';
import { mostFirst } from '../../words/lists.ts';
import { percent } from '../../words/percent.ts';
import { named } from '../../words/printable.ts';
import {
  byDescending,
  expecting,
  isPersons,
  type Candidate,
  type LimitPlan,
  type LimitRefusal,
  type TierProposal,
  type Spared,
  type Tier,
  type TierInput,
} from './tier.ts';
import { concernsOf, findEntry, guardAgainst, leastFor, usualOf } from './user-limit.ts';

/**
 * Against a storm that retakes every slot as soon as it comes free: limits the connections of the user that storms, and
 * only then ends its idle sessions, however young. The limit leaves the user what the relief level allows it while all
 * others keep what they have. One user per act; the limit is lifted when the incident closes.
 */
export const capConsumer: Tier = {
  name: 'cap-consumer',
  state: 'CapConsumer',
  does: 'limits the connections of one user',
  consequence: 'that user is refused new connections above its limit until the incident is closed',
  losesWork: false,
  // If slots are taken again while the limit is active, others took them.
  freesOwnSlot: false,
  asksFirst: true,
  setsLimit: true,
  budget: 'limited',
  propose: (input) => {
    const limits = new Map(input.userLimits.users.map(({ user, limit }) => [user, limit]));
    const limited = new Map(
      input.limitsOnRecord
        // A person's says how many may come, and not that others are to go.
        .filter((own) => !isPersons(own) && limits.get(own.user) === own.limit)
        .map(({ user, limit }) => [user, limit]),
    );
    const found = proposeLimit(input, limited);
    if (found !== null && 'limit' in found) limited.set(found.user, found.limit);
    return {
      ...endIdle(input, limited),
      margin: marginOf(input) + uncounted(found, input),
      ...(found === null ? {} : 'limit' in found ? { limit: found } : { refusal: found }),
    };
  },
};

function proposeLimit(input: TierInput, limited: ReadonlyMap<string, number>): LimitPlan | LimitRefusal | null {
  const { stormWithinMs, pressing, need } = input;
  if (stormWithinMs === null || !pressing || need <= 0) return null;
  const others = input.clients.filter(({ own }) => !own);
  const loggingIn = others.filter(isLoggingIn).length;
  const fresh = newestNamed(others, stormWithinMs, loggingIn);
  const [storm] = mostFirst(countBy(fresh, ({ user }) => user ?? ''));
  if (storm === undefined) return null;
  const [user, sessions] = storm;
  if (limited.has(user)) return null;
  if (2 * sessions <= fresh.length) {
    return {
      why: `no single user has opened most of the ${fresh.length} new sessions, so no limit would stop them`,
      fix: [],
    };
  }
  const arriving = Math.floor((loggingIn * sessions) / fresh.length);
  return planLimit(user, { others, arriving }, input);
}

/**
 * The sessions with a user that came last: those younger than `withinMs`, and at least as many as are logging in. A slow
 * server takes seconds for a login; then nearly all who came within that time show no user yet.
 */
function newestNamed(others: readonly Session[], withinMs: number, atLeast: number): readonly Session[] {
  const ageOf = ({ connectedMs }: Session) => connectedMs ?? Infinity;
  const named = others.filter((each) => each.user !== null && each.connectedMs !== null);
  named.sort((a, b) => ageOf(a) - ageOf(b));
  const young = named.filter((each) => ageOf(each) < withinMs).length;
  return named.slice(0, Math.max(young, atLeast));
}

interface Around {
  readonly others: readonly Session[];
  /** How many of those whose user does not show yet are most likely its own: as many as of the new ones. */
  readonly arriving: number;
}

function planLimit(user: string, { others, arriving }: Around, input: TierInput): LimitPlan | LimitRefusal {
  const own = others.filter((session) => session.user === user);
  const share = (100 * own.length) / others.length;
  const concerns = concernsOf(own);
  const refuse = (why: string, fix: readonly string[] = []): LimitRefusal => ({
    why: `a limit on the user ${named(user, 63)} would help, but ${why}`,
    fix,
  });

  const mayNot = guardAgainst(user, input) ?? guardAgainstSharing(concerns, share, input);
  if (mayNot) return refuse(mayNot.why, mayNot.fix);
  const entry = findEntry(user, input);
  if ('why' in entry) return refuse(entry.why, entry.fix);

  const { limit: before, countsEarlier } = entry;
  const usual = usualOf(user, own, input.usual);
  if (own.length <= usual) return refuse(`it has ${count(own.length, 'session')}, no more than is usual`);
  const limit = asAgreed(user, limitFor(own.length + arriving, leastFor(usual, input.policy), entry, input), input);
  if (limit >= own.length + arriving) return refuse(`it has ${count(own.length, 'session')} and must keep ${limit}`);
  if (before !== null && before <= limit) return refuse(`it is already limited to ${before}`);
  const more = arriving > 0 ? ` with ${arriving} more logging in` : '';
  const holds = `${named(user, 63)} holds ${count(own.length, 'session')} (${percent(share)} of all)${more}`;
  const means = countsEarlier
    ? `${limit} are its share under the relief level`
    : `the limit lets in ${limit} more, as this server does not count the present ones`;
  const reason = `${holds} and takes every slot that comes free; ${means}`;
  return { user, account: entry.account, limit, before, sessions: own.length, reason, concerns };
}

/**
 * What the relief level, less a margin, leaves the user while all others keep what they have; never under the least,
 * nor under what is usual of it.
 */
function limitFor(sessions: number, least: number, { countsEarlier }: UserLimit, input: TierInput): number {
  const share = countsEarlier ? sessions - input.need - marginOf(input) : 0;
  return Math.max(least, share);
}

/**
 * The need for slots changes from look to look, by the more the busier the server is. A limit that a person has agreed to
 * stands as long as usage then still comes under the trigger, with half the margin left for logins that are refused. So
 * nobody is asked again while the limit would help, and none is set that is lower than the one agreed to.
 */
function asAgreed(user: string, needed: number, { agreedLimit, policy, usable }: TierInput): number {
  if (agreedLimit?.user !== user || agreedLimit.limit <= needed) return needed;
  const toTrigger = Math.floor(((policy.triggerPercent - policy.reliefPercent) * usable) / 100);
  const isEnough = agreedLimit.limit - needed <= toTrigger + marginOf({ policy, usable }) / 2;
  return isEnough ? agreedLimit.limit : needed;
}

function guardAgainstSharing(
  concerns: LimitPlan['concerns'],
  share: number,
  { policy }: TierInput,
): LimitRefusal | null {
  if (concerns.length === 1 || Math.round(share) <= policy.consumerCap.sharedPercent) return null;
  const names = concerns.slice(0, 4).map(({ consumer }) => named(consumer, 80));
  return {
    why:
      `${concerns.length} applications share it (${names.join(', ')}) ` +
      `and hold ${percent(share)} of all sessions: a limit would hit them all`,
    fix: ['give each application a user of its own, so that one of them can be limited'],
  };
}

/** A refused login takes a slot for a moment: without room for that, relief would never be confirmed. */
function marginOf({ policy, usable }: Pick<TierInput, 'policy' | 'usable'>): number {
  return Math.ceil((policy.consumerCap.marginPercent * usable) / 100);
}

/** Sessions that a new limit lets in beside the present ones: their slots must come free too. */
function uncounted(found: LimitPlan | LimitRefusal | null, { userLimits }: TierInput): number {
  if (found === null || !('limit' in found)) return 0;
  return userLimits.users.some(({ user, countsEarlier }) => user === found.user && !countsEarlier) ? found.limit : 0;
}

/** The idle sessions of limited users, longest idle first, as many as each user has above its limit. */
function endIdle(
  { sessions, clients, policy }: TierInput,
  limited: ReadonlyMap<string, number>,
): Pick<TierProposal, 'candidates' | 'spared'> {
  const minStateMs = policy.consumerCap.idleSeconds * 1000;
  const spared: Spared[] = [];
  const idle = sessions.filter(({ state, user }) => state === 'idle' && user !== null && limited.has(user));
  idle.sort(byDescending([({ stateMs }) => stateMs ?? 0], ({ identity }) => identity.id));
  const excess = countBy(clients, ({ user }) => user ?? '');
  for (const [user, limit] of limited) excess.set(user, (excess.get(user) ?? 0) - limit);
  const candidates: Candidate[] = [];
  for (const session of idle) {
    const user = session.user ?? '';
    const left = excess.get(user) ?? 0;
    if (session.stateMs === null) spared.push({ session, reason: 'age-unknown' });
    else if (session.stateMs < minStateMs) spared.push({ session, reason: 'not-idle-long-enough' });
    else if (left <= 0) spared.push({ session, reason: 'within-limit' });
    else {
      excess.set(user, left - 1);
      candidates.push({
        session,
        method: 'terminate',
        expect: expecting('idle', { minStateMs }),
        reason:
          `idle for ${inWords(session.stateMs)}; ` +
          `its user has ${count(left, 'session')} above its limit of ${limited.get(user) ?? 0}`,
        frees: 1,
      });
    }
  }
  return { candidates, spared };
}
