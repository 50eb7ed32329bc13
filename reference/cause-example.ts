import type { Advised } from '../functions/core/cause/advice.ts';
import { NO_CONTEXT, type Context } from '../functions/core/cause/facts.ts';
import type { CauseName } from '../functions/core/policy/cause-names.ts';
import type { Pool } from '../functions/core/policy/target.ts';
import { storeAnswer, type StoredSample } from '../functions/core/sampler/stored-sample.ts';
import { countSessions } from '../functions/core/server/consumer-count.ts';
import type { Session } from '../functions/core/server/session.ts';
import type { EngineName, Snapshot } from '../functions/core/server/snapshot.ts';

/** A small incident of one cause, for docs/causes.md. */
export interface CauseExample {
  readonly cause: CauseName;
  readonly story: string;
  readonly target: Advised;
  readonly snapshot: Snapshot;
  readonly context: Context;
}

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 15, 10, 0);
/** The server's count of sessions ever opened, at the time of the snapshot. */
const OPENED = 50_000;
const REFUSED = 20_000;

/** Sessions alike: ages grow evenly from the first to the last of them. */
export interface Group {
  readonly count: number;
  readonly who: readonly [user: string, application: string];
  /** How many addresses they come from. */
  readonly clients?: number;
  readonly state: 'idle' | 'active' | 'idle-in-transaction';
  /** Time in the state: of the first, of the last. */
  readonly forMs: readonly [least: number, most: number];
  /** Time connected before that. */
  readonly olderByMs: number;
  readonly verb?: 'SELECT' | 'UPDATE' | 'INSERT' | 'ALTER';
  readonly statement?: string;
  /** They wait for locks, behind the first session of the group before. */
  readonly waits?: true;
}

/** What an example is made from. */
export interface Story {
  readonly cause: CauseName;
  readonly story: string;
  readonly engine: EngineName;
  readonly isRds?: true;
  readonly usable: number;
  readonly groups: readonly Group[];
  /** How usage climbed to what it is now; absent: there are no samples. */
  readonly course?: {
    readonly base: number;
    readonly climbMinutes: number;
    readonly opensPerMinute: number;
    /** Of the last minutes of the climb, where the server counts them. */
    readonly refusedPerMinute?: number;
  };
  readonly pools?: readonly Pool[];
  readonly surroundings?: Partial<Context>;
  readonly also?: Partial<Snapshot>;
}

/** The snapshot and the context that a story describes. */
export function exampleOf(story: Story): CauseExample {
  const snapshot = snapshotOf(story);
  const pools = story.pools ?? [];
  return {
    cause: story.cause,
    story: story.story,
    target: { engine: story.engine, isRds: story.isRds ?? false, pools: [...pools] },
    snapshot,
    context: {
      ...NO_CONTEXT,
      samples: samplesOf(story, snapshot),
      poolSlots: pools.length === 0 ? null : pools.reduce((sum, { instances, size }) => sum + instances * size, 0),
      ...story.surroundings,
    },
  };
}

function snapshotOf({ engine, usable, groups, course, also }: Story): Snapshot {
  const sessions: Session[] = [];
  let blocker = 0;
  for (const group of groups) {
    const first = sessions.length + 1;
    for (let index = 0; index < group.count; index++) {
      sessions.push(sessionOf(group, index, { id: first + index, engine, blockedBy: group.waits ? [blocker] : [] }));
    }
    blocker = first;
  }
  const used = sessions.length;
  const isFull = used + (also?.halfOpen?.count ?? 0) >= usable;
  return {
    at: NOW,
    server: { engine, version: '', major: 0, tested: true, identity: 'example', readOnly: false },
    limits: { maxConnections: usable + 3, reserves: [{ name: 'superuser_reserved_connections', slots: 3 }], usable },
    used,
    ownSlots: 0,
    responderSessions: 1,
    strangers: { responder: 0, canary: 0 },
    byState: {},
    canary: isFull
      ? { result: 'refused', refusal: { kind: 'full', code: '', message: 'too many connections' } }
      : { result: 'admitted', tookMs: 5 },
    halfOpen: { count: 0, inferred: false },
    activity: {
      longestQueryMs: null,
      longestTransactionMs: null,
      longQueries: 0,
      blocked: 0,
      sessionsOpened: OPENED,
      loginsRefused: course?.refusedPerMinute === undefined ? null : REFUSED,
    },
    consumers: countSessions(sessions, () => null),
    othersActing: false,
    lockTakenBy: null,
    visibility: { seesSessions: true, maySignal: true, seesBlockers: true, missing: [] },
    sessions,
    userLimits: { missing: [], users: [] },
    atLimit: [],
    deadlocks: 0,
    latestDeadlock: null,
    preparedTransactions: [],
    ...also,
  };
}

interface Place {
  readonly id: number;
  readonly engine: EngineName;
  readonly blockedBy: readonly number[];
}

function sessionOf(group: Group, index: number, { id, engine, blockedBy }: Place): Session {
  const { who, state, forMs, olderByMs, clients = 1, verb = 'SELECT', statement } = group;
  const [least, most] = forMs;
  const stateMs = Math.round(least + ((most - least) * index) / Math.max(1, group.count - 1));
  const isInTransaction = state !== 'idle';
  const waits = blockedBy.length > 0;
  return {
    identity: { server: 'example', id, incarnation: String(id) },
    kind: 'client',
    own: false,
    superuser: false,
    administrator: false,
    user: who[0],
    application: who[1],
    doubts: [],
    tool: null,
    database: 'shop',
    client: `10.0.${who[1].length}.${(index % clients) + 1}`,
    state,
    // MySQL and MariaDB do not say.
    connectedMs: engine === 'postgres' ? stateMs + olderByMs : null,
    transactionMs: isInTransaction ? stateMs : null,
    stateMs,
    queryMs: stateMs,
    transactionMark: isInTransaction ? String(id) : null,
    queryMark: String(id),
    wait: waits ? { type: 'Lock', event: 'transactionid' } : null,
    lockWaitMs: waits ? stateMs : null,
    blockedBy,
    holds: [],
    hasWritten: isInTransaction && verb !== 'SELECT',
    rowsModified: null,
    statement: { verb, text: statement ?? null, isOptedOut: false },
  };
}

/** A sample each minute of two hours. */
function samplesOf({ course }: Story, snapshot: Snapshot): StoredSample[] {
  if (course === undefined) return [];
  const { base, climbMinutes, opensPerMinute, refusedPerMinute = 0 } = course;
  const now = snapshot.used + snapshot.halfOpen.count;
  return Array.from({ length: 120 }, (_, index) => {
    const minutesAgo = 120 - index;
    const climbed = Math.max(0, 1 - minutesAgo / climbMinutes);
    const used = Math.round(base + climbed * (now - base));
    const sample: Snapshot = {
      ...snapshot,
      used,
      // The groups of a story stand in the order in which they leave: what is there every day stands last.
      consumers: countSessions(snapshot.sessions.slice(-used), () => null),
      halfOpen: { count: 0, inferred: false },
      canary: { result: 'admitted', tookMs: 5 },
      activity: {
        ...snapshot.activity,
        sessionsOpened: OPENED - opensPerMinute * Math.min(minutesAgo, 30),
        loginsRefused:
          snapshot.activity.loginsRefused === null
            ? null
            : REFUSED - refusedPerMinute * Math.min(minutesAgo, climbMinutes),
      },
    };
    const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
    const taking = { at: NOW - minutesAgo * MINUTE, tookMs: 20, inIncident: false };
    return storeAnswer({ schema: 1, ok: true, admission, sample }, taking);
  });
}
