import { ARRIVED_MS, countSessions } from '../../../core/server/consumer-count.ts';
import { RDS_LOGINS, type Session, type SessionKind } from '../../../core/server/session.ts';
import { activityOf, type Snapshot, type Visibility } from '../../../core/server/snapshot.ts';
import { redactStatement, type Statement } from '../../../core/server/statement.ts';
import { countBy } from '../../../core/words/count-by.ts';
import { OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import type { WithoutCanary, SessionOptions } from '../../shared/engine.ts';
import type { EarlierLooks } from '../../shared/looks/earlier-looks.ts';
import { withToolSiblings } from '../../shared/looks/tool-siblings.ts';
import { redactOnce } from '../../shared/redact-once.ts';
import { takenBy } from '../../shared/server-lock.ts';
import { readHolders } from '../connect/server-lock.ts';
import { countersOf, halfOpenOf, limitsOf, readLimits, serverOf, type LimitsRow } from './sample.ts';
import { SESSIONS, type SessionRow } from './sessions.sql.ts';
import { stateOf } from './states.ts';
import { readUserLimits } from './user-limits.ts';

/** See EngineSession.snapshot: few statements, each one round trip. The sessions come last, so nothing is younger. */
export async function readSnapshot(
  { connection, looks }: { readonly connection: ServerConnection; readonly looks: EarlierLooks },
  { canaryUser, statements }: SessionOptions,
  timeoutMs: number,
): Promise<WithoutCanary<Snapshot>> {
  const limits = await readLimits(connection, true, timeoutMs);
  const holders = await readHolders(connection, timeoutMs);
  const userLimits = await readUserLimits(connection, limits, timeoutMs);
  const ownUsers = canaryUser === null ? [] : [canaryUser];
  const askedAt = Date.now();
  const rows = await connection.query(SESSIONS, [ownUsers, OWN_APPLICATION], timeoutMs);
  const look = { askedAt, answeredAt: Date.now() };
  const redact = redactOnce((escaped) => redactStatement(unescape(escaped), 'postgres', statements));
  const shown = rows.map((row) => sessionOf(row, limits.identity, redact));
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
    activity: activityOf(sessions, countersOf(limits)),
    consumers: countSessions(sessions, ({ connectedMs }) => (connectedMs === null ? null : connectedMs < ARRIVED_MS)),
    visibility: visibilityOf(limits),
    ...takenBy(holders),
    sessions,
    userLimits,
    atLimit: limits.at_limit ?? [],
    deadlocks: limits.deadlocks ?? 0,
    // Only the server's log shows it.
    latestDeadlock: null,
    preparedTransactions: limits.prepared ?? [],
  };
}

function visibilityOf({ sees_sessions, may_signal, quoted_user }: LimitsRow): Visibility {
  return {
    seesSessions: sees_sessions,
    maySignal: may_signal,
    seesBlockers: true,
    missing: [
      ...(sees_sessions ? [] : [`GRANT pg_monitor TO ${quoted_user}`]),
      ...(may_signal ? [] : [`GRANT pg_signal_backend TO ${quoted_user}`]),
    ],
  };
}

function sessionOf(row: SessionRow, server: string, redact: (escaped: string) => Statement): Session {
  const state = stateOf(row.state);
  return {
    identity: { server, id: row.pid, incarnation: row.incarnation ?? '' },
    kind: kindOf(row),
    own: row.own,
    superuser: row.superuser,
    administrator: row.administrator,
    user: row.user,
    application: row.application,
    doubts: row.is_dropped ? ['user-name'] : [],
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
    lockWaitMs: row.lock_wait_ms,
    blockedBy: row.blocked_by,
    holds: row.holds,
    hasWritten: row.has_written,
    rowsModified: null,
    statement: row.query === null || row.query === '' || state === 'unseen' ? null : redact(row.query),
  };
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
