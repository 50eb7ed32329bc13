import { churnOf } from '../plan/plan-summary.ts';
import type { Soon } from '../plan/tiers/soon.ts';
import type { PagedState } from '../record/escalation.ts';
import { limitStatement } from '../server/limit-statement.ts';
import { isLoggingIn } from '../server/session.ts';
import type { Snapshot } from '../server/snapshot.ts';
import { commandFor } from '../words/commands.ts';
import { inWords } from '../words/in-words.ts';
import { named, printable } from '../words/printable.ts';
import type { Situation, Verdict } from './situation.ts';
import { describeSoon } from './words.ts';

// A page sets a person in motion and does not end the work: the incident stays open, keeps looking at growing intervals
// and acts as soon as it may. Here the ordinary verdict is read in that light.

/** What a look saw, as far as it matters to an incident that has paged a person. */
export interface Look {
  /** Null when the worker did not get in. */
  readonly snapshot: Snapshot | null;
  /** Usage is at the trigger, or clients are refused because the server is full. */
  readonly pressing: boolean;
  /** What time alone will make possible. */
  readonly soon: Soon | null;
}

/** The longest wait between two looks: what becomes permissible is done within a minute. */
const LONGEST_WAIT_SECONDS = 60;

/**
 * Rounds after which an incident stays open no longer. A round is at most 14 events of a Standard workflow (three tasks
 * of five or fewer, a choice, a wait), and it may have 25,000: this leaves 11,000 for retries. At a look each minute, the
 * longest stay that a policy allows is 720 rounds.
 */
const MOST_ROUNDS = 1_000;

/** Worse is what stands later; only then is a person who knows of the one paged for the other. */
const STATES: readonly PagedState[] = ['calm', 'pressing', 'locked-out'];

/** The verdict of a look, in an incident that may have paged a person before, or must before it may end. */
export function judgeAfterPage(verdict: Verdict, look: Look, situation: Situation): Verdict {
  const { escalation } = situation.incident;
  const closed = closedByPerson(look, situation);
  if (closed !== null && verdict.next !== 'confirm') return closed;
  const choice = limitChoice(verdict, look, situation);
  if (choice !== null) return choice;
  if (escalation === null) return verdict.next === 'escalate' ? pageAnew(verdict, look, situation) : verdict;
  if (situation.incident.rounds >= MOST_ROUNDS) return stayOrEnd(verdict.why, look, situation);
  switch (verdict.next) {
    case 'confirm':
      return { ...verdict, outcome: 'relieved' };
    case 'watch':
    case 'stay':
      return verdict;
    case 'close':
      return verdict.outcome === 'relieved' ? verdict : stayOrEnd(verdict.why, look, situation);
    case 'settle':
      return isCalm(look) ? cameGood(verdict.why) : stayOrEnd(verdict.why, look, situation);
    case 'escalate':
      if (isCalm(look)) return cameGood(verdict.why);
      return isWorse(look, situation) ? pageAnew(verdict, look, situation) : stayOrEnd(verdict.why, look, situation);
    default:
      // An act that is held back each time must not go on for ever.
      return stayEnd(situation) === null ? stayOrEnd(verdict.why, look, situation) : verdict;
  }
}

/** Clients get in and usage is under the trigger: relief, to be confirmed and held like any other. */
function cameGood(why: string): Verdict {
  return { next: 'confirm', outcome: 'relieved', why: `since the page, ${why}` };
}

function isCalm({ snapshot, pressing }: Look): boolean {
  return snapshot !== null && !pressing && snapshot.canary.result !== 'refused';
}

/** Relief was confirmed and has held until now. */
function isRelieved(look: Look, { incident }: Situation): boolean {
  return incident.reliefAt !== null && isCalm(look);
}

function stateOf({ snapshot, pressing }: Look): PagedState {
  if (snapshot === null) return 'locked-out';
  return pressing ? 'pressing' : 'calm';
}

/** People are told of a change for the worse once: further pages are the repeated ones. */
function isWorse(look: Look, { incident: { escalation } }: Situation): boolean {
  if (escalation?.state === undefined || escalation.changedAt !== undefined) return false;
  return STATES.indexOf(stateOf(look)) > STATES.indexOf(escalation.state);
}

type Escalate = Extract<Verdict, { next: 'escalate' }>;

function pageAnew(verdict: Escalate, look: Look, situation: Situation, state = stateOf(look)): Escalate {
  const staysUntil = stayEnd(situation);
  const staySeconds = staysUntil === null ? 0 : waitSeconds(look, { ...situation, stayedRounds: 0 });
  const why = staysUntil === null ? verdict.why : withSoon(verdict.why, look);
  return { ...verdict, why, page: { state, staysUntil, staySeconds } };
}

/** Looks again later, or ends the incident when its time is up. */
function stayOrEnd(why: string, look: Look, situation: Situation, isSolved = isRelieved(look, situation)): Verdict {
  const { incident, now } = situation;
  if (stayEnd(situation) === null) {
    const since = inWords(now - (incident.escalation?.at ?? incident.openedAt));
    const outcome = isSolved ? 'relieved' : 'escalated';
    return { next: 'close', outcome, why: `its time is up, ${since} after a person was paged; ${why}` };
  }
  return { next: 'stay', staySeconds: waitSeconds(look, situation), why: withSoon(why, look) };
}

/** Until when the incident stays open, epoch milliseconds; null when that is over, or the policy wants no staying. */
function stayEnd({ incident, now }: Situation): number | null {
  const { stayMinutes } = incident.target.policy.loop;
  // Records of earlier versions have no such minutes.
  const until = (incident.escalation?.at ?? now) + stayMinutes * 60_000;
  return until > now && incident.rounds < MOST_ROUNDS ? until : null;
}

/** Twice as long as after an act, then twice as long each time; sooner when it is known what comes. */
function waitSeconds({ soon }: Look, { incident, stayedRounds }: Situation): number {
  const { settleSeconds } = incident.target.policy.loop;
  const grown = Math.min(LONGEST_WAIT_SECONDS, settleSeconds * 2 ** (1 + Math.min(stayedRounds, 10)));
  return soon === null ? grown : Math.min(grown, Math.max(1, Math.ceil(soon.inMs / 1000)));
}

function withSoon(why: string, { soon }: Look): string {
  const words = soon === null ? '' : describeSoon(soon);
  return why.includes(words) ? why : `${why}; ${words}`;
}

function closedByPerson(look: Look, situation: Situation): Verdict | null {
  const { closing } = situation.incident;
  if (closing === null) return null;
  const note = closing.note === '' ? '' : `: ${printable(closing.note, 300)}`;
  const outcome = isRelieved(look, situation) ? 'relieved' : 'escalated';
  return { next: 'close', outcome, why: `closed by ${printable(closing.by)}${note}` };
}

/** A user that clients come to has sessions this young. */
const YOUNG_MS = 10_000;

/**
 * Whether clients want more than a limit of ours lets in, as far as a look shows it. The clients of a storm come and go:
 * at any moment one or two have just left, and those that take their places show no user yet.
 */
function isInUse({ user, limit }: Situation['limited'][number], { atLimit, sessions }: Snapshot): boolean {
  if (atLimit.some((each) => each.of === 'user' && each.name === user && each.limit === limit)) return true;
  const held = sessions.filter((session) => session.user === user);
  const arriving = sessions.filter(isLoggingIn);
  const areComing = arriving.length > 0 || held.some(({ connectedMs }) => (connectedMs ?? Infinity) < YOUNG_MS);
  return areComing && held.length + arriving.length >= limit - churnOf(limit);
}

/**
 * What to do instead of closing an incident whose limit still holds clients back: closing lifts it and lets them in. A
 * person chooses; until then, for as long as the incident may stay open, the limit stays. Null when there is nothing to
 * choose.
 */
function limitChoice(verdict: Verdict, look: Look, situation: Situation): Verdict | null {
  const { incident, limited } = situation;
  if (verdict.next !== 'close' || look.snapshot === null) return null;
  const { snapshot } = look;
  const needed = limited.find((each) => isInUse(each, snapshot));
  if (needed === undefined || (incident.escalation === null && stayEnd(situation) === null)) return null;
  const { user, account, limit } = needed;
  const name = named(user, 63);
  const why = `the temporary limit of ${limit} on ${name} is in use, and closing the incident would lift it`;
  const { escalation } = incident;
  if (escalation?.state === 'limit-needed' || escalation?.changedAt !== undefined)
    return stayOrEnd(why, look, situation, false);
  const keep = printable(limitStatement(incident.target.engine, account, limit), 300);
  const advice = [
    `choose: find out why the clients of ${name} want more than ${limit} connections; the limit goes once they need fewer`,
    `to let them in now: ${commandFor(`incidents close ${incident.id}`, incident.target)}`,
    `to limit them yourself once it is closed: ${keep}`,
  ];
  return pageAnew({ next: 'escalate', why, advice }, look, situation, 'limit-needed');
}
