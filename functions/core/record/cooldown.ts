import type { Outcome } from '../protocol/steps.ts';
import type { Crossing } from '../sampler/levels.ts';
import type { Incident } from './incident.ts';

/** How long after an incident the same trouble opens no other: CloudWatch itself lags by minutes. */
const COOLDOWN_MS: Readonly<Record<Exclude<Outcome, 'escalated'>, number>> = {
  relieved: 5 * 60_000,
  'not-needed': 5 * 60_000,
  failed: 15 * 60_000,
  observed: 60 * 60_000,
  // A person's call does not deal with the alarm.
  done: 0,
  // Whoever starts it again wants it dealt with.
  interrupted: 0,
};

/**
 * An alarm that stays on while incident after incident finds nothing to do (its threshold and the live server disagree)
 * opens incidents less and less often: each notifies people twice. RDS's critical alarm still opens one at once.
 */
const LONGEST_COOLDOWN_MS = 30 * 60_000;
/**
 * A person who has been paged for the trouble is paged for the same again after half an hour at the earliest. The time
 * that the incident stayed open after its page counts; what follows then is only long enough for CloudWatch, which lags
 * by minutes. A server that is still full is taken up again after it, with new budgets, and nobody is paged oftener than
 * the repeated pages would.
 */
const PAGED_MS = 30 * 60_000;
const LEAST_PAUSE_MS = 5 * 60_000;
const SAME_TROUBLE_MS = 3 * 3_600_000;

/** Outcomes after which the trouble is still there. */
const UNSOLVED: ReadonlySet<Outcome> = new Set(['observed', 'escalated', 'failed']);

/** Whether Headroom may act now, where it might not before. */
export interface Freedom {
  /** Neither the mode nor a pause of the whole target stops Headroom now. */
  readonly mayAct: boolean;
  /** A pause that was active in the latest incident has since been lifted or has run out. */
  readonly isPauseLifted: boolean;
}

/**
 * A target's cooldown after its latest incident, in milliseconds from its closing. `earlier`: the incidents before it,
 * newest first. A person who lifts a pause wants the trouble dealt with at once.
 */
export function cooldownAfter(
  latest: Incident,
  earlier: readonly Incident[],
  { mayAct, isPauseLifted }: Freedom,
): number {
  const { outcome, openedAt } = latest;
  if (isPauseLifted && outcome !== null && UNSOLVED.has(outcome)) return 0;
  if (outcome === 'observed' && mayAct) return COOLDOWN_MS.failed;
  if (outcome === 'escalated') return Math.max(LEAST_PAUSE_MS, PAGED_MS - stayedMs(latest));
  const cooldown = COOLDOWN_MS[outcome ?? 'failed'];
  if (outcome !== 'not-needed') return cooldown;
  const firstOther = earlier.findIndex(
    (incident) => incident.outcome !== 'not-needed' || openedAt - incident.openedAt > SAME_TROUBLE_MS,
  );
  const repeats = firstOther === -1 ? earlier.length : firstOther;
  return Math.min(LONGEST_COOLDOWN_MS, cooldown * 2 ** repeats);
}

/** How long an incident stayed open after its page. Records of earlier versions do not say: the page closed those. */
function stayedMs({ escalation, closedAt }: Incident): number {
  return Math.max(0, (closedAt ?? 0) - (escalation?.at ?? closedAt ?? 0));
}

/** After the server was well for this long, trouble is new; what comes back faster is the old trouble. */
const WELL_MS = 5 * 60_000;

/**
 * Whether a crossing is new trouble, so that the target's cooldown does not apply. It is when the server has become
 * critical since the latest incident: within the same run, or again after it was relieved or was well for a while.
 * Where the latest incident needed nothing, the growing cooldown applies.
 */
export function isNews(crossing: Crossing, { closedAt, outcome }: Incident): boolean {
  const { level, since, criticalSince, wellForMs } = crossing;
  if (closedAt === null || level !== 'critical' || criticalSince === null || criticalSince <= closedAt) return false;
  return outcome === 'relieved' || since <= closedAt || (wellForMs >= WELL_MS && outcome !== 'not-needed');
}
