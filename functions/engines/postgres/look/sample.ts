import type * as z from 'zod/mini';
import { ARRIVED_MS, countConsumers } from '../../../core/server/consumer-count.ts';
import { RDS_LOGINS } from '../../../core/server/session.ts';
import { LONG_QUERY_MS, type Activity, type Limits, type Sample, type Server } from '../../../core/server/snapshot.ts';
import { firstRow, OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import type { WithoutCanary } from '../../shared/engine.ts';
import { createDetailReader, type DetailReader } from '../../shared/looks/details.ts';
import { COUNTERS, LIMITS } from './limits.sql.ts';
import { stateOf } from './states.ts';
import { USAGE, type UsageRow } from './usage.sql.ts';

/** Major versions the contract suite passes on; for 14 manually, because npm has it for one platform only. */
const TESTED_MAJORS: readonly number[] = [14, 15, 16, 17, 18];

export type LimitsRow = z.infer<typeof LIMITS.row>;

/** See EngineSession.sample: three cheap statements. `ownUsers`: users that are Headroom's, beside the one logged in. */
export async function readSample(
  connection: ServerConnection,
  ownUsers: readonly string[],
  timeoutMs: number,
): Promise<WithoutCanary<Sample>> {
  const limits = await readLimits(connection, timeoutMs);
  const counters = await readCounters(connection, createDetailReader(), timeoutMs);
  const usage = await connection.query(USAGE, [LONG_QUERY_MS, ARRIVED_MS], timeoutMs);
  const isCanary = ({ user }: UsageRow) => ownUsers.includes(user ?? '');
  const isOwn = (row: UsageRow) => (row.is_responder || isCanary(row)) && row.application === OWN_APPLICATION;
  const isClient = (row: UsageRow) => !isOwn(row) && !RDS_LOGINS.includes(row.user ?? '');
  const total = (rows: readonly UsageRow[]) => rows.reduce((sum, { sessions }) => sum + sessions, 0);
  const others = usage.filter((row) => !isOwn(row));
  const byState: Record<string, number> = {};
  for (const { state, sessions } of usage) {
    const name = stateOf(state);
    byState[name] = (byState[name] ?? 0) + sessions;
  }
  return {
    at: Date.now(),
    server: serverOf(limits),
    limits: limitsOf(limits),
    used: total(usage),
    ownSlots: 1,
    responderSessions: total(usage.filter((row) => row.is_responder && isOwn(row))),
    strangers: { responder: total(others.filter((row) => row.is_responder)), canary: total(others.filter(isCanary)) },
    byState,
    halfOpen: halfOpenOf(limits, byState),
    activity: {
      longestQueryMs: longest(usage.map((row) => row.longest_query_ms)),
      longestTransactionMs: longest(usage.map((row) => row.longest_transaction_ms)),
      longQueries: usage.reduce((sum, row) => sum + row.long_queries, 0),
      blocked: usage.reduce((sum, row) => sum + row.blocked, 0),
      ...countersOf(counters),
    },
    consumers: countConsumers(usage.filter(isClient).map((row) => ({ ...row, state: stateOf(row.state) }))),
  };
}

export type CountersRow = z.infer<typeof COUNTERS.row>;

/** Null for each where the server does not tell. */
export async function readCounters(
  connection: ServerConnection,
  details: DetailReader,
  timeoutMs: number,
): Promise<CountersRow> {
  const [row] = await details.read('counters', [], connection.query(COUNTERS, [], timeoutMs));
  return row ?? { sessions_opened: null, deadlocks: null, counted_since: null };
}

/** PostgreSQL counts no logins that it refuses. */
export function countersOf({
  sessions_opened,
  counted_since,
}: CountersRow): Pick<Activity, 'sessionsOpened' | 'loginsRefused' | 'countedSince'> {
  return { sessionsOpened: sessions_opened, loginsRefused: null, countedSince: counted_since };
}

function longest(ages: readonly (number | null)[]): number | null {
  const known = ages.filter((age) => age !== null);
  return known.length === 0 ? null : Math.max(...known);
}

export async function readLimits(connection: ServerConnection, timeoutMs: number): Promise<LimitsRow> {
  return firstRow(await connection.query(LIMITS, [], timeoutMs));
}

export function serverOf({ version, major, identity, read_only }: LimitsRow): Server {
  const tested = TESTED_MAJORS.includes(major);
  return { engine: 'postgres', version, major, tested, identity, readOnly: read_only };
}

export function limitsOf({ max_connections, reserves }: LimitsRow): Limits {
  const reserved = reserves.reduce((sum, { slots }) => sum + slots, 0);
  return { maxConnections: max_connections, reserves, usable: Math.max(0, max_connections - reserved) };
}

/** From 18 on a connection shows while it logs in; before, it takes its slot unseen. */
export function halfOpenOf({ major }: LimitsRow, byState: Readonly<Record<string, number>>): number | null {
  return major >= 18 ? (byState['starting'] ?? 0) : null;
}
