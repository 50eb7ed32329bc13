import type { Policy } from '../policy/policy.ts';
import { countKinds, KINDS, kindOf, type Kind } from '../server/consumer-count.ts';
import type { LockQueues } from '../server/locks.ts';
import { consumerOf, userOf } from '../server/consumer.ts';
import { LEAST_ENDED, RETURNS_AT_ONCE } from '../server/returns.ts';
import type { Session } from '../server/session.ts';
import { countBy } from '../words/count-by.ts';
import { inWords } from '../words/in-words.ts';
import { QUARTER_MS } from './profile.ts';
import { finishesWithin, type SinceFirstLook } from './turnover.ts';
import { inNumbers, type Usual, type UsualCount } from './usual.ts';

/** A consumer with what it has now and what is usual. */
export interface Departure {
  readonly name: string;
  readonly now: Readonly<Record<Kind | 'all', number>>;
  /** Null: nothing is known of it. */
  readonly usual: UsualCount | null;
  /** Sessions in all above its usual number; 0 when it is as usual. */
  readonly excess: number;
  /** The same for its long usual number. */
  readonly overLong: number;
}

/**
 * Why a session is suspect, in words. Seen to be more than is usual: `excess` and `forgotten`. Concluded from less:
 * `newcomer` (it came last), `dominant` (without its consumer there is no relief). `blocker`: others wait for it.
 */
export interface Suspicion {
  readonly of: 'excess' | 'forgotten' | 'newcomer' | 'dominant' | 'blocker';
  readonly why: string;
}

/**
 * Where each session stands. `unsure`: nothing tells, so it is left alone. `at-work`: more than is usual, by work that
 * its consumer gets done.
 */
export type Standing = 'suspect' | 'usual' | 'unsure' | 'at-work';

/** How a snapshot departs from what is usual. */
export interface Departures {
  readonly usual: Usual;
  /** Every consumer of the snapshot, the one furthest over its usual number first. */
  readonly consumers: readonly Departure[];
  /** What departs: excess sessions of every kind, whether or not they may ever be ended. */
  readonly departed: ReadonlySet<Session>;
  /** Those of them that a cause explains, and root blockers and forgotten transactions. */
  readonly suspects: ReadonlyMap<Session, Suspicion>;
  readonly standingOf: (session: Session) => Standing;
}

/**
 * Up to this many sessions more, or this share more, are as usual. Work comes and goes more than sessions do, and more
 * is lost with it.
 */
const SOME_MORE = 2;
const SHARE_MORE = 0.15;
const SHARE_OF_WORK_MORE = 0.5;
/**
 * Idle for this long and never used since it was opened: forgotten, in a consumer that has grown over its long usual
 * number. Longer than pools keep a connection by default (HikariCP: 30 minutes), as those are often used only once.
 */
const FORGOTTEN_MS = 45 * 60_000;
/**
 * A session was used once if its last use falls into this first share of its life. Pools open connections a moment before
 * they lend them, so a young one has these seconds at least.
 */
const USED_ONCE_SHARE = 0.1;
const OPENING_MS = 3_000;

/** Less than this share of the largest excess, or of the slots that must come free, is not why a server is full. */
const NEGLIGIBLE_SHARE = 0.1;

/** Who came after the incident began fills the server if it holds this share of the slots that must come free. */
const LATE_SHARE = 0.5;

interface Surroundings {
  readonly locks: LockQueues;
  readonly policy: Policy;
  /** Ordinary clients are refused, as the server is full. */
  readonly isRefused: boolean;
  /** Slots that must come free. */
  readonly need: number;
  readonly since: SinceFirstLook;
}

/** Compares a snapshot's client sessions with what is usual. Pure; O(n log n). */
export function readDepartures(
  clients: readonly Session[],
  usual: Usual,
  { locks, policy, isRefused, need, since }: Surroundings,
): Departures {
  const shortMs = shortWorkMs(policy);
  const suspects = new Map<Session, Suspicion>();
  const departed = new Set<Session>();
  const working = new Set<Session>();
  const consumers: Departure[] = [];
  const groups = Map.groupBy(clients, consumerOf);
  const wholeAround = addUp(groups, usual);
  const overOfUser = usersOver(groups, usual);
  const read = [...groups].map(([name, sessions]) => readDeparture(name, sessions, usual, { wholeAround, overOfUser }));
  const least = NEGLIGIBLE_SHARE * Math.max(need, ...read.map(({ excess }) => excess));
  const together = new Map<string, number>();
  for (const { name, excess } of read) together.set(wholeOf(name), (together.get(wholeOf(name)) ?? 0) + excess);
  for (const each of read) {
    const { name } = each;
    const sessions = groups.get(name) ?? [];
    const leastExcess = usual.over.includes(name) || (together.get(wholeOf(name)) ?? 0) >= least ? 0 : least;
    const departure = each.excess < leastExcess ? { ...each, excess: 0 } : each;
    const isDominant = usual.dominant.includes(name);
    const fillsIt = isRefused && departure.excess >= LATE_SHARE * need;
    const isKnown = usual.basis !== 'arrivals' && !usual.isSeldomSeen && (fillsIt || hasFilledIt(name, usual));
    // Its usual number is not known: it is only clear that it must shrink.
    consumers.push(isDominant ? { ...departure, usual: null } : departure);
    if (departure.usual !== null && !isReplaced(departure, since.ended.get(name)?.at.length ?? 0)) {
      const finishesMs = finishesWithin(name, sessions, since);
      const whole = wholeAround(name);
      const times = { shortMs, finishesMs, idleMs: 1000 * policy.ages.idleSeconds };
      const known = { ...departure, ...times, usual: departure.usual, whole, isDominant, isKnown, leastExcess };
      suspect(known, sessions, { suspects, departed, working });
    }
  }
  for (const session of clients) {
    const waiters = locks.behind.get(session.identity.id)?.length ?? 0;
    const isHead = waiters > 0 || locks.shared.has(session.identity.id);
    // More than is usual says more of it than its waiters, and has ages of its own.
    if (isHead && !suspects.has(session))
      suspects.set(session, { of: 'blocker', why: `at the head of a queue of ${waiters}` });
    // Those that wait for it are stuck, and no longer as usual either.
    if (isHead || session.blockedBy.length > 0) departed.add(session);
  }
  consumers.sort((a, b) => b.excess - a.excess || b.now.all - a.now.all || (a.name < b.name ? -1 : 1));
  const unsure = new Set(read.filter((each) => each.usual === null).map(({ name }) => name));
  const standingOf = (session: Session): Standing => {
    if (suspects.has(session)) return 'suspect';
    if (working.has(session)) return 'at-work';
    return unsure.has(consumerOf(session)) ? 'unsure' : 'usual';
  };
  return { usual, consumers, departed, suspects, standingOf };
}

/** Who was as usual when the incident began has not filled the server. */
function hasFilledIt(name: string, { firstLook, over }: Usual): boolean {
  return firstLook === undefined || over.includes(name);
}

/** At its usual number, though so many of it were ended: it has opened them again, and ending more of it gains nothing. */
function isReplaced({ now, usual, excess, overLong }: Departure, ended: number): boolean {
  const isAtUsual = excess === 0 && overLong === 0;
  return isAtUsual && ended >= LEAST_ENDED && now.all >= (usual?.all ?? 0) - (1 - RETURNS_AT_ONCE) * ended;
}

/** Applications without a name are told apart by their addresses, but all of them may be one that grows. */
function wholeOf(name: string): string {
  return name.replace(/\/(?:@[^/]*)?$/, '/@');
}

interface Whole {
  readonly now: Readonly<Record<Kind | 'all', number>>;
  readonly usual: Readonly<Record<Kind | 'all', number>>;
}

/** Each consumer's whole: what `wholeOf` takes for one, added up, unless lists were cut and the sum is not known. */
function addUp(groups: ReadonlyMap<string, readonly Session[]>, usual: Usual): (name: string) => Whole {
  const keyOf = usual.unnamed === 0 ? wholeOf : (name: string) => name;
  const names = Map.groupBy(new Set([...groups.keys(), ...Object.keys(usual.consumers)]), keyOf);
  const wholes = new Map<string, Whole>();
  const read = (key: string): Whole => {
    const parts = names.get(key) ?? [];
    const sessions = parts.flatMap((name) => groups.get(name) ?? []);
    const known = parts.map((name) => usual.consumers[name] ?? unnamedUsual(usual.unnamed));
    const sum = (figure: Kind | 'all') => known.reduce((total, each) => total + each[figure], 0);
    return {
      now: { ...countKinds(sessions), all: sessions.length },
      usual: { idle: sum('idle'), open: sum('open'), busy: sum('busy'), all: sum('all') },
    };
  };
  return (name) => {
    const key = keyOf(name);
    const whole = wholes.get(key) ?? read(key);
    wholes.set(key, whole);
    return whole;
  };
}

interface Others {
  readonly wholeAround: (name: string) => Whole;
  readonly overOfUser: (user: string) => Over;
}

function readDeparture(
  name: string,
  sessions: readonly Session[],
  usual: Usual,
  { wholeAround, overOfUser }: Others,
): Departure {
  const now = { ...countKinds(sessions), all: sessions.length };
  if (isUnsure(name, sessions, usual)) return { name, now, usual: null, excess: 0, overLong: 0 };
  const own = usual.consumers[name] ?? unnamedUsual(usual.unnamed);
  const ofUser = overOfUser(userOf(sessions[0] ?? { user: null }));
  const whole = wholeAround(name);
  // A little more at each of many addresses is much.
  const isInWhole = overUsual(whole.now.all, whole.usual.all) > 0;
  const over = isInWhole ? Math.max(0, Math.ceil(now.all - own.all)) : overUsual(now.all, own.all);
  return {
    name,
    now,
    usual: own,
    excess: Math.min(over, ofUser.all),
    overLong: Math.min(overUsual(now.all, own.long), ofUser.long),
  };
}

/** Whether nothing tells if a consumer is as usual. */
function isUnsure(name: string, sessions: readonly Session[], usual: Usual): boolean {
  const { basis, unsure, isSeldomSeen, missesBursts = false, consumers } = usual;
  // At an hour that is seldom seen, a job that runs every night looks like one that is new.
  const mayBeUsual = isSeldomSeen || (missesBursts && sessions.every(isOfBurst));
  return basis === 'none' || unsure.includes(name) || (mayBeUsual && consumers[name] === undefined);
}

/** Younger than a quarter of an hour, as far as it shows. */
function isOfBurst({ connectedMs, stateMs }: Session): boolean {
  return Math.max(connectedMs ?? 0, stateMs ?? 0) < QUARTER_MS;
}

/** What is usual of a consumer that no list names. */
function unnamedUsual(most: number): UsualCount {
  return { idle: most, open: 0, busy: most, low: 0, all: most, long: most, used: null };
}

/** By how much a number is over the usual one; 0 for what is only a little more. */
export function overUsual(now: number, usual: number, shareMore = SHARE_MORE): number {
  return now - usual > someMore(usual, shareMore) ? Math.ceil(now - usual) : 0;
}

/** How many sessions more than a usual number are still as usual. */
export function someMore(usual: number, shareMore = SHARE_MORE): number {
  return Math.max(SOME_MORE, shareMore * usual);
}

type Over = Pick<UsualCount, 'all' | 'long'>;

/**
 * How many sessions each user has above its usual numbers; no bound where these are not known. What its consumers hold
 * over their usual number has come now, and is no growth of days.
 */
function usersOver(groups: ReadonlyMap<string, readonly Session[]>, usual: Usual): (user: string) => Over {
  const byUser = Map.groupBy(groups, ([, [session]]) => userOf(session ?? { user: null }));
  const found = new Map(
    [...byUser].map(([user, own]) => {
      const known = usual.users[user];
      if (known === undefined) return [user, UNBOUNDED];
      const now = own.reduce((sum, [, sessions]) => sum + sessions.length, 0);
      const sinceNow = own.reduce(
        (sum, [name, { length }]) => sum + overUsual(length, (usual.consumers[name] ?? known).all),
        0,
      );
      return [user, { all: overUsual(now, known.all), long: overUsual(now - sinceNow, known.long) }];
    }),
  );
  return (user) => found.get(user) ?? UNBOUNDED;
}

const UNBOUNDED: Over = { all: Infinity, long: Infinity };

interface Found {
  readonly suspects: Map<Session, Suspicion>;
  readonly departed: Set<Session>;
  /** More than is usual, and nothing is wrong with it. */
  readonly working: Set<Session>;
}

interface Known extends Departure {
  readonly usual: UsualCount;
  readonly whole: Whole;
  readonly isDominant: boolean;
  /** What is usual has been seen, not concluded from who came last, and it has filled the server. */
  readonly isKnown: boolean;
  readonly shortMs: number;
  /** A pool with more to do uses its sessions again before they have been idle for so long. */
  readonly idleMs: number;
  /** Queries up to this age are work that it finishes. */
  readonly finishesMs: number;
  readonly leastExcess: number;
}

/** Which sessions of a consumer are its excess, kind by kind. */
function suspect(departure: Known, sessions: readonly Session[], found: Found): void {
  const { excess, now, usual, isDominant, isKnown, shortMs, idleMs, finishesMs } = departure;
  const why = `its consumer holds ${now.all}${isDominant ? '' : `, ${inNumbers(usual)} are usual`}`;
  const of = isDominant ? 'dominant' : isKnown ? 'excess' : 'newcomer';
  let left = excess;
  const isShort = (session: Session) => isShortWork(session, shortMs);
  const finishes = ({ state, queryMs }: Session) => state === 'active' && (queryMs ?? Infinity) < finishesMs;
  const isWorking = excess > 0 && isAtWork(sessions.filter(isShort).length, usual, excess);
  const isUnused = ({ state, stateMs }: Session) => state === 'idle' && (stateMs ?? 0) >= idleMs;
  const hasUnused = sessions.filter(isUnused).length >= UNUSED_SHARE * excess;
  const isInUse = (session: Session) =>
    session.state === 'idle' ? !(hasUnused && isUnused(session)) : isShort(session);
  const kinds = kindsOver(departure);
  // The most of each kind never come together: a pool of usual size has as many idle as its work leaves over.
  const isLeftIdle = kinds.length === 0 && excess > 0 && hasUnused;
  for (const { kind, over } of isLeftIdle ? [leftIdle(departure)] : kinds) {
    const own = sessions
      .filter((session) => kindOf(session.state) === kind && (!isLeftIdle || isUnused(session)))
      .sort(ORDER[kind](sessions, usual));
    const isForgotten = kind === 'open';
    const picked = own.slice(0, isForgotten ? over : Math.min(left, over));
    left = Math.max(0, left - picked.length);
    for (const session of picked) {
      found.departed.add(session);
      // A pool that has more to do has more sessions, and uses them all: nothing is wrong with those.
      if ((isWorking && isInUse(session)) || finishes(session)) found.working.add(session);
      else found.suspects.set(session, { of: isForgotten && isKnown ? 'forgotten' : of, why });
    }
  }
  suspectForgotten(departure, sessions, found);
}

interface KindOver {
  readonly kind: Kind;
  readonly over: number;
}

/**
 * Of which kinds a consumer has more than is usual, the most first. Transactions left open are a departure of their own,
 * also in a pool that is no larger than usual.
 */
function kindsOver({ now, usual, whole, excess, leastExcess }: Known): readonly KindOver[] {
  const around = excess > 0 ? whole : { now, usual };
  return KINDS.map((kind) => ({ kind, over: now[kind] - Math.floor(usual[kind]) }))
    .filter(({ over }) => over > 0 && (excess > 0 || over >= leastExcess))
    .filter(({ kind }) => kind === 'idle' || overUsual(around.now[kind], around.usual[kind], SHARE_OF_WORK_MORE) > 0)
    .sort((a, b) => b.over - a.over);
}

/** How many sessions are idle that the usual number and its work do not account for. */
function leftIdle({ now, usual }: Known): KindOver {
  const inUse = Math.min(now.open, usual.open) + Math.min(now.busy, usual.busy);
  return { kind: 'idle', over: Math.max(0, now.idle - Math.floor(Math.max(0, usual.all - inUse))) };
}

const SHORT_QUERY_MS = 5_000;

/** Queries younger than this may be short work; less where the policy's ages are short, as in a rehearsal. */
export function shortWorkMs({ ages }: Policy): number {
  return Math.min(SHORT_QUERY_MS, 1000 * ages.querySeconds);
}

/** Where short work makes up this share of the excess, it is what has grown. */
const WORK_SHARE = 0.4;
/** Where what no work has used for long makes up this share of it, that has grown too. Fewer wait between two jobs. */
const UNUSED_SHARE = 0.25;

/** The consumer has more short work than is usual, and that is a good part of its excess. */
function isAtWork(short: number, usual: UsualCount, excess: number): boolean {
  return short - usual.busy >= WORK_SHARE * excess;
}

function isShortWork({ state, queryMs, blockedBy }: Session, shortMs: number): boolean {
  return state === 'active' && blockedBy.length === 0 && (queryMs ?? 0) < shortMs;
}

type Order = (a: Session, b: Session) => number;

/** In which order the sessions of a kind are taken for excess. */
const ORDER: Readonly<Record<Kind, (sessions: readonly Session[], usual: UsualCount) => Order>> = {
  idle: forgottenFirst,
  open: () => longestFirst,
  busy: unfinishedFirst,
};

/**
 * Which queries are the excess? The longest: the others may finish. But where most came at once and a few had been
 * running for much longer before, these few are the usual long ones.
 */
function unfinishedFirst(sessions: readonly Session[]): Order {
  const shapes = countBy(sessions, shapeOf);
  const byShape: Order = (a, b) => (shapes.get(shapeOf(b)) ?? 0) - (shapes.get(shapeOf(a)) ?? 0);
  const ages = sessions
    .flatMap(({ state, queryMs }) => (state === 'active' && queryMs !== null ? [queryMs] : []))
    .sort((a, b) => a - b);
  const burst = ages[Math.floor(BURST_SHARE * (ages.length - 1))] ?? 0;
  const isBefore = ({ queryMs }: Session) => Number((queryMs ?? 0) > BEFORE_BURST * burst);
  return (a, b) => byShape(a, b) || isBefore(a) - isBefore(b) || longestFirst(a, b);
}

/** So many of a consumer's queries make up its burst; one this many times as old was there before it. */
const BURST_SHARE = 0.75;
const BEFORE_BURST = 1.5;

function shapeOf({ statement }: Session): string {
  if (statement?.shape !== undefined) return `#${statement.shape}`;
  return statement?.text ?? statement?.verb ?? '';
}

/** Idle for less than this: it has just been at work. */
const AT_WORK_MS = 15_000;
/** A pool keeps its sessions where so many of those at work are among its oldest. */
const KEPT_SHARE = 0.8;

/**
 * Which idle sessions are the excess? Not those that were used again after they had been opened. Of the others, a leak
 * beside a pool that keeps its sessions came later than these; a leak beside a pool that replaces them came earlier.
 * The sessions that are at work show which: they are old, or they are young.
 */
function forgottenFirst(sessions: readonly Session[], usual: UsualCount): Order {
  const working = sessions.filter(
    ({ state, stateMs }) => kindOf(state) === 'busy' || (state === 'idle' && (stateMs ?? 0) < AT_WORK_MS),
  );
  const oldest = sessions.map(cameAt).sort((a, b) => a - b)[Math.ceil(usual.all * (1 + SHARE_MORE))] ?? Infinity;
  const old = working.filter((session) => cameAt(session) <= oldest).length;
  const keepsOldest = old >= KEPT_SHARE * working.length;
  return (a, b) =>
    Number(wasUsedOnce(a) === false) - Number(wasUsedOnce(b) === false) ||
    (keepsOldest ? cameAt(b) - cameAt(a) : cameAt(a) - cameAt(b)) ||
    longestFirst(a, b);
}

/** Grows with the time at which a session came. On MySQL and MariaDB, connection ids do. */
function cameAt({ connectedMs, identity }: Session): number {
  return connectedMs === null ? identity.id : -connectedMs;
}

/** Whether a session was used when it was opened and never since; null where the server does not show it. */
export function wasUsedOnce({ connectedMs, leastConnectedMs, stateMs }: Session): boolean | null {
  if (connectedMs === null || stateMs === null) return null;
  const isOnce = (openMs: number) => openMs - stateMs <= Math.max(OPENING_MS, USED_ONCE_SHARE * openMs);
  if (isOnce(connectedMs)) return true;
  // Where it may have come later than that, it may have been used once.
  return leastConnectedMs !== undefined && isOnce(Math.max(leastConnectedMs, stateMs)) ? null : false;
}

/** Sessions that were used once and never again, of a consumer that has grown for days. */
function suspectForgotten({ now, overLong }: Departure, sessions: readonly Session[], found: Found): void {
  const picked = sessions.filter((session) => found.departed.has(session)).length;
  const forgotten = sessions.filter(isForgottenIdle).sort(longestFirst);
  for (const session of forgotten.slice(0, Math.max(0, overLong - picked))) {
    if (found.departed.has(session)) continue;
    found.departed.add(session);
    found.suspects.set(session, {
      of: 'forgotten',
      why: `used once and never again for ${inWords(session.stateMs)}; its consumer has grown to ${now.all}`,
    });
  }
}

function isForgottenIdle(session: Session): boolean {
  const { state, stateMs } = session;
  return state === 'idle' && stateMs !== null && stateMs >= FORGOTTEN_MS && wasUsedOnce(session) !== false;
}

function longestFirst(a: Session, b: Session): number {
  return ageIn(b) - ageIn(a) || a.identity.id - b.identity.id;
}

function ageIn({ state, stateMs, queryMs }: Session): number {
  return (state === 'active' ? queryMs : stateMs) ?? 0;
}
