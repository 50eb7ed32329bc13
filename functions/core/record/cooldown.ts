import type { Outcome } from '../protocol/steps.ts';
import type { Crossing } from '../sampler/levels.ts';
import type { Incident } from './incident.ts';

/** How long after an incident closed an active alarm opens another: CloudWatch itself lags by minutes. */
const COOLDOWN_MS: Readonly<Record<Outcome, number>> = {
  relieved: 5 * 60_000,
  'not-needed': 5 * 60_000,
  failed: 15 * 60_000,
  escalated: 30 * 60_000,
  observed: 60 * 60_000,
  // A person's call does not answer an alarm.
  done: 0,
};

/**
 * An alarm may stay active while every incident finds nothing to do, since its threshold and the live server disagree.
 * It opens incidents less and less often, because each sends two notices. The critical alarm of RDS still opens one at
 * once.
 */
const LONGEST_COOLDOWN_MS = COOLDOWN_MS.escalated;
const SAME_TROUBLE_MS = 3 * 3_600_000;

/** Outcomes after which the trouble goes on. */
const UNSOLVED: ReadonlySet<Outcome> = new Set(['observed', 'escalated', 'failed']);

/** Whether what kept Headroom from acting is gone. */
export interface Freedom {
  /** Neither the mode nor a pause of the whole target keeps Headroom from acting now. */
  readonly mayAct: boolean;
  /** A pause that was active in the latest incident has been lifted, or has run out, since. */
  readonly isPauseLifted: boolean;
}

/**
 * How long a target is left alone after its latest incident, in milliseconds from its closing. `earlier`: the incidents
 * before it, newest first. Whoever lifts a pause wants an alarm that is still active dealt with at once.
 */
export function cooldownAfter(
  { outcome, openedAt }: Incident,
  earlier: readonly Incident[],
  { mayAct, isPauseLifted }: Freedom,
): number {
  if (isPauseLifted && outcome !== null && UNSOLVED.has(outcome)) return 0;
  if (outcome === 'observed' && mayAct) return COOLDOWN_MS.failed;
  const cooldown = COOLDOWN_MS[outcome ?? 'failed'];
  if (outcome !== 'not-needed') return cooldown;
  const firstOther = earlier.findIndex(
    (incident) => incident.outcome !== 'not-needed' || openedAt - incident.openedAt > SAME_TROUBLE_MS,
  );
  const repeats = firstOther === -1 ? earlier.length : firstOther;
  return Math.min(LONGEST_COOLDOWN_MS, cooldown * 2 ** repeats);
}

/** A server that was well for so long has new trouble; what comes and goes faster is the old. */
const WELL_MS = 5 * 60_000;

/**
 * Whether a crossing is more than the trouble of the latest incident, so that it opens an incident in spite of the
 * cooldown: the server has become critical since, either within the same run, or again after it was relieved or well
 * for a while. Where nothing was needed, the ever longer cooldown applies.
 */
export function isNews(crossing: Crossing, { closedAt, outcome }: Incident): boolean {
  const { level, since, criticalSince, wellForMs } = crossing;
  if (closedAt === null || level !== 'critical' || criticalSince === null || criticalSince <= closedAt) return false;
  return outcome === 'relieved' || since <= closedAt || (wellForMs >= WELL_MS && outcome !== 'not-needed');
}
