import type { Policy } from '../policy/policy.ts';
import type { Incident } from './incident.ts';
import { isRepeat, REPEATS, type Repeat } from './notice.ts';

type Escalation = Policy['escalation'];

/**
 * The incident that people were paged for and that nothing since has put right; null when there is none. `recent`: the
 * target's incidents, newest first.
 */
export function findUnanswered(recent: readonly Incident[]): Incident | null {
  for (const incident of recent) {
    if (incident.call !== null) continue;
    if (incident.outcome === 'relieved' || incident.outcome === 'not-needed') return null;
    if (incident.outcome === 'escalated' || incident.outcome === 'failed') return incident;
  }
  return null;
}

/** The page that is due for an incident that people were paged for; null when there is none, or not yet. */
export function dueRepeat(incident: Incident, { repeatMinutes, maxRepeats }: Escalation, now: number): Repeat | null {
  const { acknowledgement, repeats, repeatedAt, closedAt, pendingNotices } = incident;
  if (acknowledgement !== null || repeats >= maxRepeats || closedAt === null) return null;
  // A page that has not gone out is sent again by itself; another on top of it would say no more.
  if (pendingNotices.length > 0) return null;
  return now - (repeatedAt ?? closedAt) >= repeatMinutes * 60_000 ? (REPEATS[repeats] ?? null) : null;
}

/** Whoever claimed a page sends it; if that one has died, another sends it after this time. */
const SENDING_MS = 90_000;

/** A page was claimed a moment ago and is going out: nobody else is to send it. */
export function isGoingOut({ pendingNotices, repeatedAt }: Incident, now: number): boolean {
  return pendingNotices.some(isRepeat) && repeatedAt !== null && now - repeatedAt < SENDING_MS;
}

/** `2nd page`, `3rd page`, and `last page` where none follows. */
export function ordinalOf(repeat: Repeat, { maxRepeats }: Escalation): string {
  const index = REPEATS.indexOf(repeat);
  if (index + 1 >= maxRepeats) return 'last page';
  return `${index + 2}${['nd', 'rd'][index] ?? 'th'} page`;
}

/** How whoever is paged stops it; empty where nobody is paged again anyway. */
export function howToAcknowledge({ id, call, target, acknowledgement, repeats }: Incident): string[] {
  const { repeatMinutes, maxRepeats } = target.policy.escalation;
  if (maxRepeats === 0 || call !== null || acknowledgement !== null) return [];
  const left = maxRepeats - repeats;
  const until =
    left <= 0
      ? 'nobody is paged again for this incident'
      : `until then, while the trouble stands, people are paged every ${repeatMinutes} min, ${left} more times at most`;
  return [`headroom acknowledge ${id}`, until];
}
