import type { Outcome } from '../protocol/steps.ts';
import type { Crossing } from '../sampler/levels.ts';
import type { Incident } from './incident.ts';

/** How long after an incident closed what still stands opens another: CloudWatch itself lags by minutes. */
const REST_MS: Readonly<Record<Outcome, number>> = {
  relieved: 5 * 60_000,
  'not-needed': 5 * 60_000,
  failed: 15 * 60_000,
  escalated: 30 * 60_000,
  observed: 60 * 60_000,
  // A person's call is no answer to what stands.
  done: 0,
};

/**
 * What stands while look after look finds nothing to do (its threshold and the live server disagree) is looked at less and
 * less often: each look tells people twice. The critical alarm of RDS still opens an incident at once.
 */
const LONGEST_REST_MS = REST_MS.escalated;
const SAME_TROUBLE_MS = 3 * 3_600_000;

/** Outcomes that leave the trouble standing. */
const LEFT_STANDING: ReadonlySet<Outcome> = new Set(['observed', 'escalated', 'failed']);

/** What has become of whatever held Headroom back. */
export interface Freedom {
  /** Neither the mode nor a pause of the whole target holds Headroom back now. */
  readonly mayAct: boolean;
  /** A pause that was in force in the latest incident has been lifted, or has run out, since. */
  readonly isPauseLifted: boolean;
}

/**
 * How long a target rests after its latest incident, in milliseconds from its closing. `earlier`: the incidents before it,
 * newest first. Whoever lifts a pause wants what still stands looked at again at once.
 */
export function cooldownAfter(
  { outcome, openedAt }: Incident,
  earlier: readonly Incident[],
  { mayAct, isPauseLifted }: Freedom,
): number {
  if (isPauseLifted && outcome !== null && LEFT_STANDING.has(outcome)) return 0;
  if (outcome === 'observed' && mayAct) return REST_MS.failed;
  const rest = REST_MS[outcome ?? 'failed'];
  if (outcome !== 'not-needed') return rest;
  const firstOther = earlier.findIndex(
    (incident) => incident.outcome !== 'not-needed' || openedAt - incident.openedAt > SAME_TROUBLE_MS,
  );
  const repeats = firstOther === -1 ? earlier.length : firstOther;
  return Math.min(LONGEST_REST_MS, rest * 2 ** repeats);
}

/** A server that was well for so long has new trouble; what comes and goes faster is the old. */
const WELL_MS = 5 * 60_000;

/**
 * Whether a crossing is more than the trouble of the latest incident, so that the target's rest does not hold it: the server
 * has become critical since, either within the same run, or again after it was relieved or well for a while. Where nothing
 * was needed, the longer and longer rest holds.
 */
export function isNews(crossing: Crossing, { closedAt, outcome }: Incident): boolean {
  const { level, since, criticalSince, wellForMs } = crossing;
  if (closedAt === null || level !== 'critical' || criticalSince === null || criticalSince <= closedAt) return false;
  return outcome === 'relieved' || since <= closedAt || (wellForMs >= WELL_MS && outcome !== 'not-needed');
}
