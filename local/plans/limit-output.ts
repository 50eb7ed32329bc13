import type { LimitProposal, LimitResult } from '../../functions/call/carry-out-limit.ts';
import { describeCall, spanInWords } from '../../functions/core/plan/call.ts';
import { slotsTaken, usagePercent } from '../../functions/core/server/snapshot.ts';
import { limitStatement } from '../../functions/core/server/limit-statement.ts';
import { commandFor } from '../../functions/core/words/commands.ts';
import { count } from '../../functions/core/words/count.ts';
import { utc } from '../../functions/core/words/in-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { named, printable, shellWord } from '../../functions/core/words/printable.ts';
import { wrappedAfter } from '../terminal/wrap.ts';

/** Most applications that are named. */
const MOST_CONCERNED = 8;

/** What a limit would do, whom it concerns, and who lifts it. In 80 columns, except for the statement. */
export function limitInWords({ target, call, snapshot, plan }: LimitProposal, lifter: string): string {
  const { user, limit, before, concerns, usual, basis } = plan;
  const what = `${named(user, 63)} to ${count(limit, 'connection')} for ${spanInWords(call.limit.forMs)}`;
  const others = concerns.length - MOST_CONCERNED;
  const names = concerns.slice(0, MOST_CONCERNED).map((each) => `${named(each.consumer, 80)} (${each.sessions})`);
  return [
    ...wrappedAfter('verdict  ', `would limit ${what}; ends nobody`),
    ...wrappedAfter('         ', `new connections above the limit are refused meanwhile; ${presentOnes(plan)}`),
    ...wrappedAfter('before   ', before === null ? 'no limit' : `a limit of ${before}`),
    ...wrappedAfter('usual    ', basis === 'none' || usual === 0 ? 'not known' : `up to ${usual} (${basis})`),
    ...wrappedAfter('concerns ', `${names.join(', ') || 'nobody now'}${others > 0 ? ` and ${others} more` : ''}`),
    ...wrappedAfter(
      'lifts it ',
      `${lifter}, within a minute of its end; ${earlier(call.user, target)} lifts it earlier`,
    ),
    ...wrappedAfter(
      'usage    ',
      `${percent(usagePercent(snapshot))}: ${slotsTaken(snapshot)} of ${snapshot.limits.usable} usable slots, on ${target.id} (${printable(target.endpoint, 255)})`,
    ),
  ].join('\n');
}

function presentOnes({ sessions, limit, countsEarlier }: LimitProposal['plan']): string {
  if (!countsEarlier) return `this server does not count the ${sessions} that are open, so ${limit} more get in`;
  return sessions > limit ? `the ${sessions} that are open stay` : `it has ${sessions} now`;
}

function earlier(user: string, target: LimitProposal['target']): string {
  return commandFor(`limits lift --target ${target.id} --user ${shellWord(user)}`, target);
}

/** How it went, and how to put back what was before where nobody could. */
export function limitResultInWords({ target, plan }: LimitProposal, { incident, until }: LimitResult): string {
  const { failure } = incident;
  if (until === null) {
    const unsure =
      failure?.error === 'WorkerFault' ? '; a limit that was set all the same is lifted within minutes' : '';
    return `incident ${incident.id}: failed: ${failure?.error}: ${failure?.detail}${unsure}`;
  }
  const byHand = limitStatement(target.engine, plan.account, plan.before);
  return [
    `incident ${incident.id}: ${named(plan.user, 63)} is limited to ${plan.limit}, as read back from the server, until ${utc(until)}`,
    `should nobody lift it then, an administrator does by: ${printable(byHand, 1_000)}`,
  ].join('\n');
}

/** One document. Times are ISO; `until`, `incidentId` and `outcome` are null when nothing was tried. */
export function limitJson({ target, call, snapshot, plan }: LimitProposal, result: LimitResult | null): unknown {
  const { user, limit, before, sessions, concerns, usual, basis, countsEarlier } = plan;
  const until = result?.until ?? null;
  return {
    target: target.id,
    call: { by: call.by, why: call.why, words: describeCall(call) },
    at: new Date(snapshot.at).toISOString(),
    incidentId: result?.incident.id ?? null,
    outcome: result?.incident.outcome ?? null,
    failure: result?.incident.failure ?? null,
    ...{ user, limit, before, sessions, usual, basis, countsEarlier, concerns },
    forMs: call.limit.forMs,
    until: until === null ? null : new Date(until).toISOString(),
    usage: usagePercent(snapshot),
  };
}
