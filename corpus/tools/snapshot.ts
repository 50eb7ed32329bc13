import type { Context } from '../../functions/core/cause/facts.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { activityOf, type Snapshot } from '../../functions/core/server/snapshot.ts';
import { quarterOf, QUARTER_MS, type Quarter } from '../../functions/core/usual/profile.ts';
import { countBy } from '../../functions/core/words/count-by.ts';
import { aSession, aSnapshot } from '../../test/support/a-session.ts';
import { lastSnapshot } from '../scorer/outcome.ts';
import type { Question, SessionRow } from '../format.ts';

/** A snapshot of the corpus, as Headroom's worker would have taken it. */
export function toSnapshot(question: Question, seen: Question['snapshots'][number]): Snapshot {
  const { engine, version, limits } = question;
  const sessions = seen.sessions.map((row) => toSession(question, row, seen.atMs));
  const plain = aSnapshot(limits.usable, sessions);
  const code = engine === 'postgres' ? '53300' : '1040';
  return {
    ...plain,
    at: seen.atMs,
    server: { ...plain.server, engine, version, major: Number.parseInt(version, 10) },
    limits: { maxConnections: limits.max, reserves: limits.reserved, usable: limits.usable },
    used: seen.used,
    byState: Object.fromEntries(countBy(sessions, ({ state }) => state)),
    canary: seen.admitsClients
      ? { result: 'admitted', tookMs: 5 }
      : { result: 'refused', refusal: { kind: 'full', code, message: 'full' } },
    activity: activityOf(sessions, { sessionsOpened: seen.opened, loginsRefused: seen.refused }),
  };
}

function toSession({ logins, statements }: Question, row: SessionRow, at: number): Session {
  const login = logins[row.login];
  const statement = statements[row.statement ?? 0];
  if (login === undefined || statement === undefined) throw new Error(`session ${row.id} has no login or no statement`);
  const { user, application, client, database } = login;
  const isOpen = row.transactionMs !== undefined;
  return aSession(row.id, {
    user,
    application,
    client: client === '' ? null : client,
    database: database === '' ? null : database,
    kind: row.kind ?? 'client',
    superuser: row.superuser ?? false,
    state: row.state,
    connectedMs: row.connectedMs ?? null,
    stateMs: row.stateMs,
    queryMs: row.queryMs ?? row.stateMs,
    transactionMs: row.transactionMs ?? null,
    queryMark: `q-${row.id}-${at - (row.queryMs ?? row.stateMs)}`,
    transactionMark: isOpen ? `t-${row.id}-${at - (row.transactionMs ?? 0)}` : null,
    hasWritten: row.hasWritten ?? false,
    statement: { ...statement, isOptedOut: false },
    holds: row.holds ?? [],
    ...(row.blockedBy !== undefined && {
      blockedBy: row.blockedBy,
      lockWaitMs: row.lockWaitMs ?? null,
      wait: { type: 'Lock', event: 'transactionid' },
    }),
  });
}

/** What is known besides the snapshots: nothing where there is no profile. */
export function toContext(question: Question): Partial<Context> {
  const { profile } = question;
  if (profile === null) return {};
  const at = lastSnapshot(question).atMs;
  return { profile: toQuarters(question, at), samples: toSamples(question, at) };
}

/** The same hour of a day becomes the quarters around it, all alike; a part of the last day its last quarter. */
function toQuarters({ profile, consumers }: Question, at: number): Quarter[] {
  if (profile === null) return [];
  const { periods, unnamed } = profile;
  const rest = { consumers: unnamed > 0 ? 1 : 0, most: unnamed };
  return periods
    .flatMap(({ of, fromAgoMs, toAgoMs, rows }): Quarter[] => {
      const own = rows.map(([consumer = 0, most = 0, middle = 0, used = 0, idle = 0, open = 0, busy = 0]) => ({
        ...(consumers[consumer] ?? { name: '', user: '' }),
        ...{ most, middle, used, idle, open, busy },
      }));
      const middleAt = quarterOf(at - (fromAgoMs + toAgoMs) / 2);
      const times =
        of === 'same hour'
          ? [-1, 0, 1].map((quarters) => middleAt + quarters * QUARTER_MS)
          : [quarterOf(at - toAgoMs) - QUARTER_MS];
      return times.map((time) => ({ at: time, samples: 15, consumers: own, rest }));
    })
    .sort((a, b) => a.at - b.at);
}

const UNKNOWN = {
  tookMs: 20,
  result: 'seen',
  inIncident: false,
  byState: {},
  consumers: null,
  halfOpen: 0,
  responderSessions: 1,
  refused: null,
  admission: 'warm',
  detail: '',
} as const satisfies Partial<StoredSample>;

function toSamples({ profile, limits, policy }: Question, at: number): StoredSample[] {
  if (profile === null) return [];
  return profile.usage.rows
    .map(([agoMs, used, opened, refused]): StoredSample => {
      const usage = used == null ? null : (100 * used) / limits.usable;
      return {
        ...UNKNOWN,
        at: at - (agoMs ?? 0),
        isFull: usage !== null && usage >= 100,
        ...(usage !== null && usage >= policy.triggerPercent && { isUnusual: true }),
        usage,
        used: used ?? null,
        usable: limits.usable,
        activity: activityOf([], { sessionsOpened: opened ?? null, loginsRefused: refused ?? null }),
        canary: usage !== null && usage >= 100 ? 'full' : 'admitted',
      };
    })
    .sort((a, b) => a.at - b.at);
}
