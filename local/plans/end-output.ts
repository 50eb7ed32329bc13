import type { CallProposal } from '../../functions/call/carry-out-call.ts';
import { consequencesOf, describeCall, scopeOfCall } from '../../functions/core/plan/call.ts';
import { SPARED } from '../../functions/core/policy/spared.ts';
import type { Act } from '../../functions/core/record/act.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { sessionKey, type Session } from '../../functions/core/server/session.ts';
import { clientsOf, slotsTaken, usagePercent } from '../../functions/core/server/snapshot.ts';
import { count } from '../../functions/core/words/count.ts';
import { countBy } from '../../functions/core/words/count-by.ts';
import { inWords } from '../../functions/core/words/in-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { mostFirst } from '../../functions/core/words/lists.ts';
import { named, printable } from '../../functions/core/words/printable.ts';
import { tableOf } from '../terminal/table.ts';
import { wrappedAfter } from '../terminal/wrap.ts';
import { groupLines } from './groups.ts';
import { sessionJson } from './session-output.ts';

/** The result of a manual end. */
export interface Ended {
  readonly incident: Incident;
  /** Keys of confirmed sessions that are still there; null when there was no snapshot after the last act. */
  readonly left: ReadonlySet<string> | null;
  readonly acts: readonly Act[];
}

/**
 * What a call would end, then whose sessions end and stay and why. In 80 columns, except for the table of every session
 * that `verbose` asks for.
 */
export function planInWords({ target, call, snapshot, plan }: CallProposal, verbose: boolean): string {
  const { victims, spared, others } = plan;
  const matching = count(victims.length + spared.length, 'matching session');
  const lines = [
    ...wrappedAfter(
      'verdict  ',
      `would end ${victims.length} of ${matching} (${scopeOfCall(call)}); ${others === 1 ? '1 other does' : `${others} others do`} not match`,
    ),
    ...consequencesOf(victims).flatMap((consequence) => wrappedAfter('         ', consequence)),
    ...(spared.some(({ reason }) => reason.startsWith('cap-')) ? ['budgets  leave some out; --no-cap lifts them'] : []),
    ...wrappedAfter(
      'usage    ',
      `${percent(usagePercent(snapshot))}: ${slotsTaken(snapshot)} of ${snapshot.limits.usable} usable slots, on ${target.id} (${printable(target.endpoint, 255)})`,
    ),
  ];
  if (victims.length + spared.length === 0) return [...lines, ...describeConnected(snapshot)].join('\n');
  const ends = victims.map(({ session, reason }) => ({ session, why: reason }));
  const stays = spared.map(({ session, reason }) => ({ session, why: SPARED[reason] }));
  if (!verbose) return [...lines, ...groupLines('ends', ends), ...groupLines('stays', stays)].join('\n');
  const rows = [
    ...ends.map(({ session, why }) => [...sessionCells(session), `ends: ${why}`]),
    ...stays.map(({ session, why }) => [...sessionCells(session), `stays: ${why}`]),
  ];
  return [...lines, tableOf(COLUMNS, rows)].join('\n');
}

/** Most users that are named. */
const MOST_USERS = 8;

/** Who is there, for whoever has mistyped a name. */
function describeConnected(snapshot: CallProposal['snapshot']): string[] {
  const users = mostFirst(countBy(clientsOf(snapshot), ({ user }) => user ?? '?')).slice(0, MOST_USERS);
  const names = users.map(([user, connections]) => `${named(user, 40)} (${connections})`);
  return wrappedAfter('nobody   ', `matches. Connected now: ${names.join(', ') || 'no client'}`);
}

const COLUMNS = ['session', 'user', 'application', 'database', 'client', 'state', 'for', 'what'];

function sessionCells({ identity, user, application, database, client, state, stateMs }: Session): string[] {
  const names = [user, application, database, client].map((name) => printable(name ?? '?', 40));
  return [String(identity.id), ...names, state, inWords(stateMs)];
}

export function resultInWords({ plan }: CallProposal, { incident, left, acts }: Ended): string {
  const results = resultsOf(acts);
  const lines = plan.victims.flatMap(({ session }) => {
    const key = sessionKey(session.identity);
    if (left !== null && !left.has(key)) return [];
    return [`  ${session.identity.id} ${printable(session.user ?? '?')}: ${results.get(key) ?? 'not tried'}`];
  });
  const failure = incident.failure && `failed: ${incident.failure.error}: ${incident.failure.detail}`;
  return [
    `incident ${incident.id}: ${failure ?? `${incident.endedCount} ended, usage now ${percent(incident.usageAfter ?? 0)}`}`,
    ...(lines.length === 0 ? [] : [left === null ? 'not known of these:' : 'still there:', ...lines]),
  ].join('\n');
}

/** One document. Ages in milliseconds; `ended` and `outcome` are null when nothing was tried. */
export function toJson({ target, call, snapshot, plan }: CallProposal, ended: Ended | null): unknown {
  const results = resultsOf(ended?.acts ?? []);
  return {
    target: target.id,
    call: { ...call, words: describeCall(call) },
    at: new Date(snapshot.at).toISOString(),
    incidentId: ended?.incident.id ?? null,
    outcome: ended?.incident.outcome ?? null,
    failure: ended?.incident.failure ?? null,
    ended: ended?.incident.endedCount ?? null,
    left: ended?.left?.size ?? null,
    usageBefore: usagePercent(snapshot),
    usageAfter: ended?.incident.usageAfter ?? null,
    consequences: consequencesOf(plan.victims),
    victims: plan.victims.map(({ session, method, reason }) => ({
      ...sessionJson(session),
      method,
      reason,
      result: results.get(sessionKey(session.identity)) ?? null,
    })),
    spared: plan.spared.map(({ session, reason }) => ({ ...sessionJson(session), reason, words: SPARED[reason] })),
    others: plan.others,
  };
}

/** The last result of each session, by its key. */
function resultsOf(acts: readonly Act[]): ReadonlyMap<string, string> {
  return new Map(
    acts.flatMap(({ victims }) =>
      victims.flatMap(({ identity, result }) => (result ? [[sessionKey(identity), result]] : [])),
    ),
  );
}
