import type { Policy } from '../policy/policy.ts';
import { commandFor } from '../words/commands.ts';
import type { Incident } from './incident.ts';
import { isRepeat, REPEATS, type Repeat } from './notice.ts';

type Escalation = Policy['escalation'];

/**
 * The latest incident that people were paged for, open or closed, unless a later one shows that the trouble is over;
 * null when there is none. `recent`: the target's incidents, newest first.
 */
export function findUnanswered(recent: readonly Incident[]): Incident | null {
  for (const incident of recent) {
    if (incident.call !== null) continue;
    if (incident.outcome === 'relieved' || incident.outcome === 'not-needed') return null;
    const isPaged = incident.outcome === 'escalated' || incident.outcome === 'failed';
    if (isPaged || (incident.status === 'open' && incident.escalation !== null)) return incident;
  }
  return null;
}

/** The next page for an incident that people were paged for; null when none is due, or not yet. */
export function dueRepeat(incident: Incident, { repeatMinutes, maxRepeats }: Escalation, now: number): Repeat | null {
  const { acknowledgement, repeats, repeatedAt, pendingNotices } = incident;
  const pagedAt = repeatedAt ?? firstPageAt(incident);
  if (acknowledgement !== null || repeats >= maxRepeats || pagedAt === null) return null;
  // A page that was not delivered is sent again anyway; another one would say no more.
  if (pendingNotices.length > 0) return null;
  return now - pagedAt >= repeatMinutes * 60_000 ? (REPEATS[repeats] ?? null) : null;
}

/** Records of earlier versions do not say when: then the page closed the incident. */
function firstPageAt({ outcome, escalation, closedAt }: Incident): number | null {
  return outcome === 'failed' ? closedAt : (escalation?.at ?? closedAt);
}

/** The process that claims a page sends it; if that process dies, another sends it after this time. */
const SENDING_MS = 90_000;

/** A page was claimed a moment ago and is being sent: no other process may send it. */
export function isGoingOut({ pendingNotices, repeatedAt }: Incident, now: number): boolean {
  return pendingNotices.some(isRepeat) && repeatedAt !== null && now - repeatedAt < SENDING_MS;
}

const LONGEST_WAIT_MS = 15 * 60_000;
const GIVEN_UP_MS = 24 * 3_600_000;

/**
 * Whether to send again what was not delivered: after half as long as it has failed so far, every 15 minutes at least, for a day.
 * A topic that is gone for good is not called each minute for ever.
 */
export function isRetryDue({ notices, pendingNotices }: Incident, now: number): boolean {
  const failed = notices.filter(
    ({ notice, delivered }) => !delivered && pendingNotices.some((each) => each === notice),
  );
  const [first] = failed;
  const last = failed.at(-1);
  if (first === undefined || last === undefined) return true;
  return now - first.at < GIVEN_UP_MS && now - last.at >= Math.min(LONGEST_WAIT_MS, (last.at - first.at) / 2);
}

/**
 * Whether an open incident has paged a person and its workflow, which sends the page, has not got it out. A closed one
 * owes its notices anyway.
 */
export function isPageOverdue({ escalation, pendingNotices }: Incident, now: number): boolean {
  if (escalation?.at === undefined || pendingNotices.length === 0) return false;
  return now - (escalation.changedAt ?? escalation.at) >= SENDING_MS;
}

/** `2nd page`, `3rd page`, and `last page` where none follows. */
export function ordinalOf(repeat: Repeat, { maxRepeats }: Escalation): string {
  const index = REPEATS.indexOf(repeat);
  if (index + 1 >= maxRepeats) return 'last page';
  return `${index + 2}${['nd', 'rd'][index] ?? 'th'} page`;
}

/** How a person stops the pages; empty where no more pages come anyway. */
export function howToAcknowledge({ id, call, target, acknowledgement, repeats }: Incident): string[] {
  const { repeatMinutes, maxRepeats } = target.policy.escalation;
  if (maxRepeats === 0 || call !== null || acknowledgement !== null) return [];
  const left = maxRepeats - repeats;
  const until =
    left <= 0
      ? 'no more pages come for this incident'
      : `until then, while the trouble lasts, a page comes every ${repeatMinutes} min, ${left} more at most`;
  return [commandFor(`acknowledge ${id}`, target), until];
}
