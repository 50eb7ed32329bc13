import { countSessions } from '../../../core/server/consumer-count.ts';
import { activityOf, type Limits, type Sample, type Server } from '../../../core/server/snapshot.ts';
import { countBy } from '../../../core/words/count-by.ts';
import { firstRow } from '../../shared/connection.ts';
import type { WithoutCanary, SessionOptions } from '../../shared/engine.ts';
import { countdown } from '../../shared/within.ts';
import type { Admitted } from '../connect/connect.ts';
import type { Features } from '../connect/features.ts';
import { LOCK_NAME } from '../connect/server-lock.sql.ts';
import type { SessionReader } from '../sessions/session-reader.ts';
import { observe, type Observed, type SessionContext } from '../sessions/sessions.ts';
import { limits as limitsStatement, type LimitsRow } from './limits.sql.ts';

/**
 * Releases the statements are written for: they count as tested, so Headroom acts on them. The contract suite runs on
 * MySQL 9.7 and MariaDB 10.11; the others have not been tried.
 */
const SUPPORTED = {
  mysql: ({ major }: Features['release']) => major === 8 || major === 9,
  mariadb: ({ major, minor }: Features['release']) => (major === 10 && minor >= 6) || major === 11,
} as const;

/** An open session of the responder, with what its requests need. */
export interface Responder extends Admitted {
  readonly reader: SessionReader;
  readonly options: SessionOptions;
}

/** See EngineSession.sample. */
export async function readSample(responder: Responder, timeoutMs: number): Promise<WithoutCanary<Sample>> {
  const left = countdown(timeoutMs);
  const limits = await readLimits(responder, left());
  const usage = await responder.reader.readUsage({ ids: null, withStatements: false }, left());
  const applications = await responder.reader.readApplications(left());
  return sampleOf(responder, limits, observe(usage, null, contextOf(responder, limits), applications));
}

export async function readLimits({ connection, features }: Responder, timeoutMs: number): Promise<LimitsRow> {
  return firstRow(await connection.query(limitsStatement(features), [LOCK_NAME], timeoutMs));
}

export function contextOf({ self, options }: Responder, { identity, started_at }: LimitsRow): SessionContext {
  return {
    server: identity,
    startedAt: started_at,
    own: { id: self.id, responder: self.user, canary: options.canaryUser },
    statements: options.statements,
  };
}

/**
 * Slots whose sessions do not show (without PROCESS, or beyond what performance_schema has room for) are `unseen`. The
 * server's own count holds: of the sessions that are listed, the newest came after it, or take no slot.
 */
export function sampleOf(
  { features }: Responder,
  limits: LimitsRow,
  observed: readonly Observed[],
): WithoutCanary<Sample> {
  const inSlots = observed.filter(({ takesSlot }) => takesSlot);
  const used = limits.connected;
  const counted = inSlots.toSorted((a, b) => a.session.identity.id - b.session.identity.id).slice(0, used);
  const shown = Object.fromEntries(countBy(counted, ({ session }) => session.state));
  const unseen = used - counted.length;
  const byState: Sample['byState'] = unseen > 0 ? { ...shown, unseen } : shown;
  const strangersAs = (whose: Observed['login']) =>
    observed.filter(({ login, session }) => login === whose && !session.own).length;
  return {
    at: Date.now(),
    server: serverOf(features, limits),
    limits: limitsOf(limits),
    used,
    ownSlots: 1,
    responderSessions: observed.filter(({ login, session }) => login === 'responder' && session.own).length,
    strangers: { responder: strangersAs('responder'), canary: strangersAs('canary') },
    byState,
    halfOpen: byState['starting'] ?? 0,
    activity: activityOf(
      observed.map(({ session }) => session),
      {
        sessionsOpened: limits.sessions_opened,
        loginsRefused: limits.logins_refused,
        countedSince: limits.counted_since,
      },
    ),
    consumers: countSessions(
      inSlots.map(({ session }) => session),
      (_, index) => inSlots[index]?.hasArrived ?? null,
    ),
  };
}

export function serverOf({ engine, version, release }: Features, { identity, read_only }: LimitsRow): Server {
  const tested = SUPPORTED[engine](release);
  return { engine, version, major: release.major, tested, identity, readOnly: read_only === 1 };
}

/** The one slot beyond max_connections is for administrators only; clients never have it. */
function limitsOf({ max_connections }: LimitsRow): Limits {
  return { maxConnections: max_connections, reserves: [], usable: max_connections };
}
