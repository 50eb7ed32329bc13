import { matchesAny } from '../policy/patterns.ts';
import type { Policy } from '../policy/policy.ts';
import { matchesClient, protectionOf, reservedForPerson } from '../policy/protection.ts';
import type { SparedReason } from '../policy/spared.ts';
import { sessionKey, type Session, type SessionState } from '../server/session.ts';
import type { Snapshot } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { inWords } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';
import { budgetSlots } from '../policy/bounds.ts';
import type { History } from './tier-plan.ts';
import { endIdleTransactions } from './tiers/end-idle-transactions.ts';
import { killIdle } from './tiers/kill-idle.ts';
import { byDescending, expecting, type Candidate, type Spared } from './tiers/tier.ts';

/** What a person's call would end. */
export interface CallPlan {
  /** In the order in which they would end: those that lose least first. */
  readonly victims: readonly Candidate[];
  /** Sessions that match the call and are spared. */
  readonly spared: readonly Spared[];
  /** How many sessions do not match the call. */
  readonly others: number;
}

/** The sessions of a plan that a person has confirmed, by key, with the state that the plan showed. */
export type Confirmed = ReadonlyMap<string, SessionState>;

type CallHistory = Pick<History, 'countedIncident' | 'countedHour' | 'signalled'>;

const LEAST_LOSS_FIRST = ['idle', 'idle-in-transaction-aborted', 'idle-in-transaction', 'active'] as const;

/**
 * Which sessions a call ends and which it spares, each with the reason. It spares what no tier may ever end. With
 * `confirmed` it ends only sessions that the person has seen in the plan, and in the state that the plan showed unless
 * the person allowed running queries. Pure.
 */
export function planCall(
  snapshot: Snapshot,
  policy: Policy,
  { call, confirmed }: { readonly call: PersonsCall; readonly confirmed: Confirmed | null },
  history: CallHistory,
): CallPlan {
  const isMatch = matcherFor(call);
  const matching = snapshot.sessions.filter(isMatch);
  const spared: Spared[] = [];
  const candidates: Candidate[] = [];
  for (const session of matching) {
    const reason =
      reasonToSpare(session, policy, call, history.signalled) ?? reasonToAskAgain(session, call, confirmed);
    const candidate = reason === null ? toCandidate(session) : null;
    if (candidate) candidates.push(candidate);
    else spared.push({ session, reason: reason ?? 'no-tier' });
  }
  candidates.sort(
    byDescending(
      [({ session }) => -rankOf(session.state), ({ session }) => session.stateMs ?? 0],
      ({ session }) => session.identity.id,
    ),
  );
  const { room, reason } = call.capped ? roomInBudgets(policy, snapshot.limits.usable, history) : NO_BUDGETS;
  return {
    victims: candidates.slice(0, room),
    spared: [...spared, ...candidates.slice(room).map(({ session }) => ({ session, reason }))],
    others: snapshot.sessions.length - matching.length,
  };
}

function matcherFor(scope: CallScope): (session: Session) => boolean {
  const [user, application, database, client] = [scope.user, scope.application, scope.database, scope.client].map(
    (pattern) => (pattern === null ? null : [pattern]),
  );
  const isNamed = (name: string | null, patterns: readonly string[] | null | undefined) =>
    !patterns || (name !== null && matchesAny(name, patterns));
  return (session) =>
    isNamed(session.user, user) &&
    isNamed(session.application, application) &&
    isNamed(session.database, database) &&
    (!client || (session.client !== null && matchesClient(session.client, client)));
}

function reasonToSpare(
  session: Session,
  policy: Policy,
  { active, costly }: PersonsCall,
  signalled: ReadonlySet<string>,
): SparedReason | null {
  if (signalled.has(sessionKey(session.identity))) return 'already-signalled';
  const protection = protectionOf(session, policy);
  // It loses only its own work, and the person asked for that.
  if (protection !== null && !(protection === 'waits-for-lock' && active)) return protection;
  if (session.state === 'idle') return null;
  if (session.state === 'active' && !active) return 'query-not-asked-for';
  return costly ? null : reservedForPerson(session, policy);
}

function reasonToAskAgain({ identity, state }: Session, { active }: PersonsCall, confirmed: Confirmed | null) {
  if (confirmed === null) return null;
  const shown = confirmed.get(sessionKey(identity));
  if (shown === undefined) return 'came-later';
  return shown === state || active ? null : 'changed-since';
}

function toCandidate(session: Session): Candidate | null {
  const { state, stateMs, queryMs, transactionMark } = session;
  const shared = { session, method: 'terminate', frees: 1 } as const;
  switch (state) {
    case 'idle':
      return { ...shared, expect: expecting(state, {}), reason: `idle for ${inWords(stateMs)}` };
    case 'idle-in-transaction':
    case 'idle-in-transaction-aborted':
      return {
        ...shared,
        expect: expecting(state, { transactionMark }),
        reason: `idle in ${state === 'idle-in-transaction' ? 'a' : 'a failed'} transaction for ${inWords(stateMs)}`,
      };
    case 'active':
      return {
        ...shared,
        expect: expecting(state, {}),
        reason: `its ${session.statement?.verb ?? 'query'} has run for ${inWords(queryMs)}`,
      };
    default:
      return null;
  }
}

function rankOf(state: SessionState): number {
  return LEAST_LOSS_FIRST.findIndex((each) => each === state);
}

interface Room {
  /** Sessions that may still be ended. */
  readonly room: number;
  /** The budget that allows no more. */
  readonly reason: SparedReason;
}

const NO_BUDGETS: Room = { room: Number.POSITIVE_INFINITY, reason: 'cap-tier' };

/** A call is one incident with one act. */
function roomInBudgets({ caps }: Policy, usable: number, { countedIncident, countedHour }: CallHistory): Room {
  const rooms: readonly Room[] = [
    { room: budgetSlots(caps.perHourPercent, usable) - countedHour, reason: 'cap-hour' },
    { room: budgetSlots(caps.perIncidentPercent, usable) - countedIncident, reason: 'cap-incident' },
    { room: budgetSlots(caps.perTierPercent, usable) - countedIncident, reason: 'cap-tier' },
  ];
  const narrowest = rooms.reduce((least, each) => (each.room < least.room ? each : least));
  return { ...narrowest, room: Math.max(0, narrowest.room) };
}

/** `user invoices, application export-*, database shop`. */
export function scopeOfCall({ user, application, database, client }: CallScope): string {
  return Object.entries({ user, application, database, client })
    .flatMap(([name, pattern]) => (pattern === null ? [] : [`${name} ${printable(pattern)}`]))
    .join(', ');
}

/** `ann asked to end sessions of user invoices, with running queries: their pool leaks`. */
export function describeCall(call: PersonsCall): string {
  if (call.limit !== undefined) return describeLimitCall(call, call.limit);
  const allowed = [
    ...(call.active ? ['with running queries'] : []),
    ...(call.costly ? ['with work that is costly to undo'] : []),
    ...(call.capped ? [] : ['beyond the budgets']),
  ];
  const what = [scopeOfCall(call), ...allowed].join(', ');
  return `${printable(call.by, 60)} asked to end sessions of ${what}: ${printable(call.why, 160)}`;
}

/** `ann asked to limit user invoices to 20 connections for 30 min: their pool leaks`. */
function describeLimitCall(call: PersonsCall, { connections, forMs }: LimitCall): string {
  const what = `${scopeOfCall(call)} to ${count(connections, 'connection')} for ${spanInWords(forMs)}`;
  return `${printable(call.by, 60)} asked to limit ${what}: ${printable(call.why, 160)}`;
}

const HOUR_MS = 3_600_000;

/** A time that a person has named, exactly: `90 min`, `2 h`. */
export function spanInWords(ms: number): string {
  return ms % HOUR_MS === 0 ? `${ms / HOUR_MS} h` : `${Math.round(ms / 60_000)} min`;
}

/** What the ended clients will notice, by the state of their sessions. */
export function consequencesOf(victims: readonly Candidate[]): string[] {
  const counts = countBy(victims, ({ session }) => session.state);
  return LEAST_LOSS_FIRST.flatMap((state) => {
    const sessions = counts.get(state);
    return sessions === undefined ? [] : [`${sessions} ${CONSEQUENCES[state]}`];
  });
}

const CONSEQUENCES = {
  idle: `idle: ${killIdle.consequence}`,
  'idle-in-transaction-aborted': 'idle in a failed transaction: it could only roll back, so nothing more is lost',
  'idle-in-transaction': `idle in a transaction: ${endIdleTransactions.consequence}`,
  active: 'with a running query: the query fails, and its transaction rolls back',
} as const satisfies Record<(typeof LEAST_LOSS_FIRST)[number], string>;

/** Whose sessions: an exact name or a prefix that ends in `*`; for clients also a network in CIDR form. Null: any. */
export interface CallScope {
  readonly user: string | null;
  readonly application: string | null;
  readonly database: string | null;
  readonly client: string | null;
}

/** What a person asks for in place of ended sessions: so many connections for the user, for so long. */
export interface LimitCall {
  readonly connections: number;
  readonly forMs: number;
}

/** A person's call: an order to end sessions, with what the person allows, or to limit a user. */
export interface PersonsCall extends CallScope {
  readonly by: string;
  readonly why: string;
  /** Also sessions that run a query, even those that wait for a lock. */
  readonly active: boolean;
  /** Also work that only a person may throw away: maintenance statements, and more writes than the policy allows. */
  readonly costly: boolean;
  /** Stay within the budgets of the policy. */
  readonly capped: boolean;
  /** It ends nobody and limits the user, which is a whole name and no pattern; absent for one that ends sessions. */
  readonly limit?: LimitCall;
}
