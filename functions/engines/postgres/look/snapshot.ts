import { ARRIVED_MS, countSessions } from '../../../core/server/consumer-count.ts';
import { RDS_LOGINS, UNKNOWN_BLOCKER, type Session, type SessionKind } from '../../../core/server/session.ts';
import { activityOf, type Snapshot, type Visibility } from '../../../core/server/snapshot.ts';
import { redactStatement, type Statement } from '../../../core/server/statement.ts';
import { countBy } from '../../../core/words/count-by.ts';
import { OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import type { WithoutCanary, SessionOptions } from '../../shared/engine.ts';
import { missingIn, createDetailReader, type DetailReader } from '../../shared/looks/details.ts';
import type { EarlierLooks } from '../../shared/looks/earlier-looks.ts';
import { withToolSiblings } from '../../shared/looks/tool-siblings.ts';
import { redactOnce } from '../../shared/redact-once.ts';
import { takenBy } from '../../shared/server-lock.ts';
import { readHolders } from '../connect/server-lock.ts';
import { AT_LIMIT, PREPARED } from './limits.sql.ts';
import { signalGrants } from './signal-grants.ts';
import { countersOf, halfOpenOf, limitsOf, readCounters, readLimits, serverOf, type LimitsRow } from './sample.ts';
import { BLOCKERS, LOCKS, ROLES, SESSIONS, type LocksRow, type RoleRow, type SessionRow } from './sessions.sql.ts';
import { stateOf } from './states.ts';
import { readUserLimits } from './user-limits.ts';

/**
 * See EngineSession.snapshot: few statements, each one round trip. The sessions come last, so nothing is younger. What
 * is no session and no slot may be missing.
 */
export async function readSnapshot(
  { connection, looks }: { readonly connection: ServerConnection; readonly looks: EarlierLooks },
  { canaryUser, statements }: SessionOptions,
  timeoutMs: number,
): Promise<WithoutCanary<Snapshot>> {
  const limits = await readLimits(connection, timeoutMs);
  const details = createDetailReader();
  const counters = await readCounters(connection, details, timeoutMs);
  const preparedTransactions = await details.read('prepared', [], connection.query(PREPARED, [], timeoutMs));
  const atLimit = await details.read('consumer-limits', [], connection.query(AT_LIMIT, [], timeoutMs));
  const holders = await details.read('executors', [], readHolders(connection, timeoutMs));
  const userLimits = await readUserLimits(connection, limits, timeoutMs);
  const known = await readKnown(connection, details, timeoutMs);
  const ownUsers = canaryUser === null ? [] : [canaryUser];
  const replicators = [...known.roles.values()].filter(({ may_replicate }) => may_replicate).map(({ oid }) => oid);
  const askedAt = Date.now();
  const rows = await connection.query(SESSIONS, [ownUsers, OWN_APPLICATION, replicators], timeoutMs);
  const look = { askedAt, answeredAt: Date.now() };
  const redact = redactOnce((escaped) => redactStatement(unescape(escaped), 'postgres', statements));
  const shown = rows.map((row) => sessionOf(row, { server: limits.identity, known, redact }));
  const sessions = withToolSiblings(looks.checkAll(shown, look));

  const inSlots = rows.filter(({ takes_slot }) => takes_slot);
  const byState = Object.fromEntries(countBy(inSlots, ({ state }) => stateOf(state)));
  return {
    at: Date.now(),
    server: serverOf(limits),
    limits: limitsOf(limits),
    used: inSlots.length,
    ownSlots: 1,
    responderSessions: rows.filter((row) => row.is_responder && row.own).length,
    strangers: {
      responder: rows.filter((row) => row.is_responder && !row.own).length,
      canary: rows.filter((row) => row.is_canary && !row.own).length,
    },
    byState,
    halfOpen: halfOpenOf(limits, byState),
    activity: activityOf(sessions, countersOf(counters)),
    consumers: countSessions(sessions, ({ connectedMs }) => (connectedMs === null ? null : connectedMs < ARRIVED_MS)),
    visibility: visibilityOf(limits, details),
    ...missingIn(details),
    ...takenBy(holders),
    sessions,
    userLimits,
    atLimit,
    deadlocks: counters.deadlocks ?? 0,
    // Only the server's log shows it.
    latestDeadlock: null,
    preparedTransactions,
  };
}

/** What is known of all sessions before they are read themselves. */
interface Known {
  /** By number. */
  readonly roles: ReadonlyMap<string, RoleRow>;
  /** By pid; null when they could not be read: then any session may hold one. */
  readonly locks: ReadonlyMap<number, LocksRow> | null;
  /** By the pid of the waiter. */
  readonly blockers: ReadonlyMap<number, readonly number[]>;
}

async function readKnown(connection: ServerConnection, details: DetailReader, timeoutMs: number): Promise<Known> {
  const roles = await details.read('administrators', [], connection.query(ROLES, [], timeoutMs));
  const locks = await details.read('locks', null, connection.query(LOCKS, [], timeoutMs));
  const blockers = await details.read('blockers', [], connection.query(BLOCKERS, [], timeoutMs));
  return {
    roles: new Map(roles.map((row) => [row.oid, row])),
    locks: locks && new Map(locks.map((row) => [row.pid, row])),
    blockers: new Map(blockers.map(({ pid, blocked_by }) => [pid, blocked_by])),
  };
}

/** Who may not be told from a superuser is as good as not seen. */
function visibilityOf(limits: LimitsRow, details: DetailReader): Visibility {
  const { sees_sessions, may_signal, may_terminate, quoted_user } = limits;
  return {
    seesSessions: sees_sessions && !details.lacks('administrators'),
    maySignal: may_signal && may_terminate,
    seesBlockers: !details.lacks('blockers'),
    missing: [...(sees_sessions ? [] : [`GRANT pg_monitor TO ${quoted_user}`]), ...signalGrants(limits)],
  };
}

interface Reading {
  readonly server: string;
  readonly known: Known;
  readonly redact: (escaped: string) => Statement;
}

function sessionOf(row: SessionRow, { server, known, redact }: Reading): Session {
  const state = stateOf(row.state);
  const role = known.roles.get(row.role ?? '');
  const locks = known.locks?.get(row.pid);
  return {
    identity: { server, id: row.pid, incarnation: row.incarnation ?? '' },
    kind: kindOf(row),
    own: row.own,
    superuser: role?.superuser ?? false,
    administrator: role?.administrator ?? false,
    user: row.user,
    // Processes of the server send no name: this says what they are.
    application: row.application === '' && !row.takes_slot ? (row.backend_type ?? '') : row.application,
    doubts: [
      ...(row.role !== null && role === undefined ? (['user-name'] as const) : []),
      ...(known.locks === null ? (['holdings'] as const) : []),
    ],
    tool: null,
    database: row.database,
    client: row.client,
    state,
    connectedMs: row.connected_ms,
    transactionMs: row.transaction_ms,
    stateMs: row.state_ms,
    queryMs: row.query_ms,
    transactionMark: row.transaction_mark === '' ? null : row.transaction_mark,
    queryMark: row.query_mark,
    wait: row.wait_event_type === null ? null : { type: row.wait_event_type, event: row.wait_event ?? '' },
    lockWaitMs: state === 'active' ? (locks?.wait_ms ?? null) : null,
    blockedBy: blockersOf(row, known),
    holds: [...(locks?.holds_advisory === true ? (['advisory-lock'] as const) : []), ...row.holds],
    hasWritten: row.has_written,
    rowsModified: null,
    statement: row.query === null || row.query === '' || state === 'unseen' ? null : redact(row.query),
  };
}

/** A session that has begun to wait since, or whose blockers could not be read, waits for somebody all the same. */
function blockersOf({ pid, wait_event_type }: SessionRow, { blockers }: Known): readonly number[] {
  if (wait_event_type !== 'Lock') return [];
  const ahead = blockers.get(pid) ?? [];
  return ahead.length === 0 ? [UNKNOWN_BLOCKER] : ahead;
}

/** From PostgreSQL's escape format: a backslash and three octal digits for a byte, two backslashes for one. */
function unescape(escaped: string): string {
  if (!escaped.includes('\\')) return escaped;
  const bytes = escaped.replace(/\\(\\|[0-7]{3})/g, (_, what: string) =>
    what === '\\' ? what : String.fromCharCode(Number.parseInt(what, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function kindOf({ backend_type, takes_slot, user }: SessionRow): SessionKind {
  if (backend_type === 'walsender') return 'replication';
  return takes_slot && !RDS_LOGINS.includes(user ?? '') ? 'client' : 'system';
}
