import type { Policy } from '../policy/policy.ts';
import { protectionOf } from '../policy/protection.ts';
import type { SparedReason } from '../policy/spared.ts';
import type { StoredSample } from '../sampler/stored-sample.ts';
import type { LockQueues } from '../server/locks.ts';
import { NO_RETURNS, type Returns } from '../server/returns.ts';
import { kindOf } from '../server/consumer-count.ts';
import { consumerOf } from '../server/consumer.ts';
import { LOGIN_MS, type Session } from '../server/session.ts';
import { drawSlots, type SlotPicture } from '../server/slot-picture.ts';
import { slotsTaken, usagePercent, type Snapshot } from '../server/snapshot.ts';
import { isMaintenance } from '../server/statement.ts';
import { readClimb } from '../usual/climb.ts';
import { shortWorkMs, wasUsedOnce, type Departures } from '../usual/departure.ts';
import type { Profile } from '../usual/profile.ts';
import { countBy } from '../words/count-by.ts';
import { mostFirst } from '../words/lists.ts';
import { perMinute, turnoverSince } from './counters.ts';

/**
 * What is known besides the snapshot. All of it may be missing: then causes are less certain, and nothing else changes.
 */
export interface Context {
  /** The samples of the last hours, oldest first. */
  readonly samples: readonly StoredSample[];
  /** What is usual on the target, by quarters of an hour. */
  readonly profile: Profile;
  /** Connections by a metric, oldest first: for times without samples. */
  readonly connections: readonly { readonly at: number; readonly used: number }[];
  /** How many slots the configured pools can take together; null when none are configured. */
  readonly poolSlots: number | null;
  /** Recent changes on the server, in words, newest first. */
  readonly changes: readonly string[];
  /** The server's lowest free memory recently, in bytes; null when unknown. */
  readonly freeMemoryBytes: number | null;
  /** Whether the sessions that this incident ended came back. */
  readonly returns: Returns;
}

export const NO_CONTEXT: Context = {
  samples: [],
  profile: [],
  connections: [],
  poolSlots: null,
  changes: [],
  freeMemoryBytes: null,
  returns: NO_RETURNS,
};

/** Whom a cause must explain. */
export interface Scope {
  readonly locks: LockQueues;
  readonly departures: Departures;
  /** At least so many of the slots must be explained: those over the trigger, or half of those over the relief level. */
  readonly tooMany: number;
}

/**
 * What departs from usual is what there is to explain. Null where usage would be too high without it: then all taken
 * slots are.
 */
function explainedBy({ departures, tooMany }: Scope, clients: readonly Session[]): readonly Session[] | null {
  const { departed } = departures;
  return departed.size > 0 && departed.size >= tooMany ? clients.filter((session) => departed.has(session)) : null;
}

/** What an engineer would look at, in numbers. Shares are of the slots to explain, 0 to 1. Null: not known. */
export interface Facts {
  /** All taken slots. */
  readonly slots: number;
  /** The taken slots that there are to explain: those above what is usual, or else all. */
  readonly taken: number;
  readonly usable: number;
  /** The server's own limit: usable slots and every reserve. */
  readonly maxConnections: number;
  readonly departures: Departures;
  /** The sessions that there are to explain. */
  readonly clients: readonly Session[];
  /**
   * Idle sessions that belong to no job and did not connect just now, and those of them that have been idle for long.
   */
  readonly idle: readonly Session[];
  readonly longIdle: readonly Session[];
  /** How many of the idle ones are in a short pause between two uses, and how many are to spare. */
  readonly inUse: number;
  readonly spareIdle: number;
  /** The consumer with the most long-idle sessions. */
  readonly leaker: Consumer;
  /** Share of the leaker's long-idle sessions that were used once, when they were opened, and never since. */
  readonly usedOnce: number | null;
  /** Share of the idle sessions that the leaker has. */
  readonly leakerShare: number;
  /**
   * How evenly the leaker's idle times are spread from shortest to longest: 1 for sessions that came one by one and
   * were not used again, 0 for a pool that came all at once, or that uses its sessions. Null for a few sessions.
   */
  readonly evenness: number | null;
  /** The places that hold idle sessions, and the share of the largest. */
  readonly idlePlaces: { readonly count: number; readonly largest: number };
  readonly inTransaction: readonly Session[];
  /** Waiters and roots of lock queues, without those behind a job. */
  readonly queued: number;
  readonly waiting: number;
  readonly roots: number;
  readonly behindPrepared: number;
  readonly behindUnknown: number;
  /** What would make the server show more blockers; null when nothing is known that would. */
  readonly toShowBlockers: string | null;
  readonly prepared: Snapshot['preparedTransactions'];
  readonly longQueries: readonly Session[];
  readonly shortQueries: readonly Session[];
  /** Sessions of backup, migration and replication tools or in maintenance statements, and how many wait for them. */
  readonly jobs: readonly Session[];
  readonly behindJobs: number;
  /** Sessions that connected just now; null where the server does not show when a session connected. */
  readonly fresh: number | null;
  readonly freshMs: number;
  /** Without those that came just now and may still log in, where the server shows when they came. */
  readonly halfOpen: Snapshot['halfOpen'];
  /** Users and databases at a limit of their own, and how many sessions they have while the server is not full. */
  readonly atLimit: Snapshot['atLimit'];
  readonly limited: number;
  readonly deadlockAgoMs: number | null;
  readonly trend: Trend | null;
  readonly poolSlots: number | null;
  readonly changes: readonly string[];
  readonly freeMemoryBytes: number | null;
  readonly returns: Returns;
  readonly picture: SlotPicture;
  /** What is not known and would make the cause surer, in words. */
  readonly unknown: readonly string[];
}

export interface Consumer {
  readonly name: string;
  readonly sessions: readonly Session[];
}

/** How usage grew to what it is, by the samples. */
interface Trend {
  readonly spanMs: number;
  /** Slots taken before the climb. */
  readonly base: number;
  /** Slots taken since. */
  readonly gained: number;
  /** From the first tenth of the climb to the ninth. */
  readonly climbMs: number;
  /** Which share of the sessions opened since it began have left by themselves, 0 to 1; null where unknown. */
  readonly turnover: number | null;
  /** Sessions recently opened per minute; null where the server does not count them. */
  readonly opensPerMinute: number | null;
  /**
   * Logins recently refused per minute for lack of a slot, ours included; null where the server does not count them.
   */
  readonly refusedPerMinute: number | null;
  /** Samples that found the server full. */
  readonly fullSamples: number;
}

/** Excess sessions have been idle for long after this many seconds. */
const EXCESS_IDLE_S = 5;
const JUST_CONNECTED_MS = 10_000;
/** Idle for less than this share of a long idle time: in a pause between two uses. Ten seconds by default. */
const SHORT_PAUSE = 1 / 30;
/** Words in names of programs that run by themselves. Only ever evidence: such a name protects no session. */
const JOB_WORDS: ReadonlySet<string> = new Set(
  (
    'batch|batches|cron|crontab|cronjob|cronjobs|nightly|etl|elt|job|jobs|import|imports|importer|' +
    'migrate|migration|migrations|migrator|backfill|backfills'
  ).split('|'),
);
/** How fast clients reconnect is measured over this share of an idle time; over three minutes at most. */
const RECENT_IDLE_TIMES = 0.6;

/** Reads everything that speaks for or against a cause. Pure, linear in sessions and samples. */
export function readFacts(snapshot: Snapshot, policy: Policy, scope: Scope, context: Context): Facts {
  const { ages } = policy;
  const { locks, departures } = scope;
  const everyone = snapshot.sessions.filter((session) => session.kind === 'client' && !session.own);
  const explained = explainedBy(scope, everyone);
  const clients = explained ?? everyone;
  const freshMs = justConnectedMs(policy);
  const others = snapshot.sessions.filter(({ kind, own }) => kind !== 'client' && !own);
  const jobs = new Set([...clients, ...others].filter((session) => isJob(session, policy)));
  const rest = clients.filter((session) => !jobs.has(session));
  const isFresh = ({ state, connectedMs }: Session) =>
    connectedMs !== null && connectedMs < (state === 'starting' ? Math.min(LOGIN_MS, freshMs) : freshMs);
  const waiting = rest.filter((session) => session.blockedBy.length > 0);
  const active = rest.filter((session) => session.state === 'active' && session.blockedBy.length === 0);
  // More than is usual: then it need not be old to be strange.
  const longQueryMs = explained === null ? 1000 * ages.querySeconds : shortWorkMs(policy);
  const longIdleMs = 1000 * (explained === null ? ages.idleSeconds : Math.min(ages.idleSeconds, EXCESS_IDLE_S));
  const { halfOpen } = snapshot;
  const unseen = halfOpen.inferred ? halfOpen.count : 0;
  const loggingIn = everyone.filter((each) => each.state === 'starting' && isFresh(each)).length;
  const showsConnected = rest.length === 0 || rest.some(({ connectedMs }) => connectedMs !== null);
  const trend = readTrend(context, snapshot, policy);
  return {
    slots: slotsTaken(snapshot),
    taken: Math.max(1, explained === null ? slotsTaken(snapshot) : explained.length + unseen),
    usable: snapshot.limits.usable,
    maxConnections: snapshot.limits.maxConnections,
    clients,
    ...readIdle(
      rest.filter((session) => session.state === 'idle' && !isFresh(session)),
      longIdleMs,
      new Set(everyone.filter((session) => isUsed(session, freshMs)).map(consumerOf)),
    ),
    inTransaction: rest.filter((session) => session.state.startsWith('idle-in-transaction')),
    ...readQueues(locks, jobs, waiting.length),
    longQueries: active.filter((session) => (session.queryMs ?? 0) >= longQueryMs),
    shortQueries: active.filter((session) => (session.queryMs ?? 0) < longQueryMs && !isFresh(session)),
    jobs: [...jobs],
    fresh: showsConnected ? rest.filter(isFresh).length : null,
    freshMs,
    halfOpen: { ...halfOpen, count: Math.max(unseen, halfOpen.count - loggingIn) },
    atLimit: snapshot.atLimit,
    // Where the server itself is full, the server's limit is the one that hurts.
    limited:
      usagePercent(snapshot) < policy.triggerPercent
        ? clients.filter((session) => isLimited(session, snapshot)).length
        : 0,
    prepared: snapshot.preparedTransactions,
    toShowBlockers: snapshot.visibility.toShowBlockers ?? null,
    deadlockAgoMs: snapshot.latestDeadlock?.agoMs ?? null,
    trend,
    poolSlots: context.poolSlots,
    changes: context.changes,
    freeMemoryBytes: context.freeMemoryBytes,
    returns: context.returns,
    departures,
    picture: drawSlots(everyone, locks, snapshot.sessions),
    unknown: whatIsUnknown(trend, showsConnected, snapshot),
  };
}

function whatIsUnknown(
  trend: Trend | null,
  showsConnected: boolean,
  { visibility }: Pick<Snapshot, 'visibility'>,
): readonly string[] {
  return [
    ...(trend === null ? ['how usage grew'] : []),
    ...(trend?.opensPerMinute == null ? ['how fast clients reconnect'] : []),
    ...(showsConnected ? [] : ['when sessions connected']),
    ...(visibility.seesBlockers ? [] : ['which sessions block those that wait']),
  ];
}

type Idle = Pick<
  Facts,
  'idle' | 'longIdle' | 'inUse' | 'spareIdle' | 'leaker' | 'usedOnce' | 'leakerShare' | 'evenness' | 'idlePlaces'
>;

/** `used`: the consumers that use sessions now. */
function readIdle(idle: readonly Session[], longIdleMs: number, used: ReadonlySet<string>): Idle {
  const longIdle = idle.filter((session) => (session.stateMs ?? 0) >= longIdleMs);
  const inUse = idle.filter((session) => (session.stateMs ?? Infinity) < SHORT_PAUSE * longIdleMs).length;
  const leaker = largestConsumer(longIdle);
  return {
    idle,
    longIdle,
    inUse,
    spareIdle: idle.length - inUse,
    leaker,
    usedOnce: shareUsedOnce(leaker, used.has(leaker.name)),
    leakerShare: leaker.sessions.length / Math.max(1, idle.length),
    evenness: evennessOf(leaker.sessions),
    idlePlaces: placesOf(idle),
  };
}

function isUsed({ state, stateMs, connectedMs }: Session, lately: number): boolean {
  return kindOf(state) === 'busy' || Math.min(stateMs ?? Infinity, connectedMs ?? Infinity) < lately;
}

type Queues = Pick<Facts, 'waiting' | 'queued' | 'roots' | 'behindPrepared' | 'behindUnknown' | 'behindJobs'>;

function readQueues(locks: LockQueues, jobs: ReadonlySet<Session>, waiting: number): Queues {
  const jobIds = new Set([...jobs].map(({ identity }) => identity.id));
  const queues = [...locks.behind, ...locks.behindMutex];
  const behindJobs = queues.reduce((sum, [root, behind]) => sum + (jobIds.has(root) ? behind.length : 0), 0);
  const roots = new Set(queues.flatMap(([root]) => (jobIds.has(root) ? [] : [root]))).size;
  const { behindPrepared, behindUnknown } = locks;
  return {
    waiting,
    queued: Math.max(0, waiting - behindJobs) + roots,
    roots,
    behindPrepared,
    behindUnknown,
    behindJobs,
  };
}

/** A session younger than this connected just now: 10 s, or less where the policy's long idle time is shorter. */
export function justConnectedMs({ ages }: Policy): number {
  return Math.min(JUST_CONNECTED_MS, ages.idleSeconds * 1000);
}

function isLimited({ user, database }: Session, { atLimit }: Snapshot): boolean {
  return atLimit.some(({ of, name }) => (of === 'user' ? user : database) === name);
}

/** The consumer that holds most of these sessions; `nobody` when there are none. */
export function largestConsumer(sessions: readonly Session[]): Consumer {
  const groups = Map.groupBy(sessions, consumerOf);
  const [largest] = mostFirst([...groups].map(([name, own]) => [name, own.length] as const));
  if (largest === undefined) return { name: 'nobody', sessions: [] };
  const [name] = largest;
  return { name, sessions: groups.get(name) ?? [] };
}

const JOB_REASONS: ReadonlySet<SparedReason> = new Set([
  'backup-tool',
  'migration-tool',
  'replication',
  'holds-backup',
  'holds-snapshot',
]);

function isJob(session: Session, policy: Policy): boolean {
  const reason = protectionOf(session, policy);
  if (reason !== null && JOB_REASONS.has(reason)) return true;
  const isAtWork = session.state === 'active' || session.state.startsWith('idle-in-transaction');
  // A job that waits for a lock itself suffers from the trouble and does not cause it.
  if (session.kind !== 'client' || !isAtWork || session.blockedBy.length > 0) return false;
  // Where sessions have no application name (MariaDB), we use the user's.
  if (wordsOf(session.application || (session.user ?? '')).some((word) => JOB_WORDS.has(word))) return true;
  return session.statement !== null && isMaintenance(session.statement.verb);
}

/** `BatchRunner-2`: batch, runner. Part of a word says nothing: netlify is no etl. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ')
    .toLowerCase()
    .split(/\P{L}+/u);
}

/**
 * A pool opens its sessions at once and lends them one by one: within this time, an application that gives none back has
 * all of them (60 of HikariCP's took 24 s, one each 0.4 s).
 */
const LENT_WITHIN_MS = 30_000;

/** Of a consumer that uses none of its sessions now, the last use that shows may have been the first. */
function shareUsedOnce({ sessions }: Consumer, isInUse: boolean): number | null {
  const wasLentOnce = ({ connectedMs, stateMs }: Session) =>
    !isInUse && connectedMs !== null && stateMs !== null && connectedMs - stateMs <= LENT_WITHIN_MS;
  const known = sessions.map((session) => wasLentOnce(session) || wasUsedOnce(session)).filter((once) => once !== null);
  return known.length === 0 ? null : known.filter(Boolean).length / known.length;
}

const LEAST_TO_COMPARE = 8;
/** Idle times that differ by less than this share of the longest: the sessions came all at once. */
const AT_ONCE = 0.1;

/** By the largest distance between their distribution and a uniform one (Kolmogorov and Smirnov), which is 0 to 1. */
function evennessOf(sessions: readonly Session[]): number | null {
  const ages = sessions.flatMap(({ stateMs }) => stateMs ?? []).sort((a, b) => a - b);
  const [shortest = 0] = ages;
  const longest = ages.at(-1) ?? 0;
  if (ages.length < LEAST_TO_COMPARE || longest === 0) return null;
  const span = longest - shortest;
  if (span < AT_ONCE * longest) return 0;
  const distance = Math.max(
    ...ages.map((age, index) => Math.abs((age - shortest) / span - (index + 0.5) / ages.length)),
  );
  return Math.max(0, 1 - 3 * distance);
}

/** A place is what the server sees of one process's pool: user, application with its digits, and client address. */
function placesOf(idle: readonly Session[]): Facts['idlePlaces'] {
  const sizes = [
    ...countBy(idle, ({ user, application, client }) => JSON.stringify([user, application, client])).values(),
  ];
  return { count: sizes.length, largest: sizes.length === 0 ? 0 : Math.max(...sizes) / idle.length };
}

function readTrend({ samples, connections, returns }: Context, snapshot: Snapshot, policy: Policy): Trend | null {
  const now = { at: snapshot.at, used: slotsTaken(snapshot) };
  const sampled = samples.flatMap(({ at, used }) => (used === null || at >= now.at ? [] : [{ at, used }]));
  const firstSampled = sampled[0]?.at ?? now.at;
  const points = [...connections.filter(({ at }) => at < firstSampled), ...sampled];
  const [first] = points;
  if (first === undefined) return null;
  const { base, gained, begins, ends } = readClimb([first, ...points.slice(1), now]);
  const recentMs = 1000 * RECENT_IDLE_TIMES * policy.ages.idleSeconds;
  return {
    spanMs: now.at - first.at,
    base,
    gained,
    climbMs: ends - begins,
    turnover: turnoverSince(begins, gained + returns.endedSince(begins), samples, snapshot),
    opensPerMinute: perMinute('sessionsOpened', samples, snapshot, recentMs),
    refusedPerMinute: perMinute('loginsRefused', samples, snapshot, recentMs),
    fullSamples: samples.filter(({ isFull }) => isFull).length,
  };
}
