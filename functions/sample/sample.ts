import { fullPause } from '../core/policy/pause.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { FunctionCaller, MetricsSink } from '../core/ports/outside.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import type { DispatchResult } from '../core/protocol/steps.ts';
import { asksForLook } from '../core/sampler/look-again.ts';
import { historyMsOf, judgeLevels, type Crossing } from '../core/sampler/levels.ts';
import type { StoredSample } from '../core/sampler/stored-sample.ts';
import { quarterOf } from '../core/usual/profile.ts';
import { keepProfile, type ProfileDependencies } from './keep-profile.ts';
import { notifyWarnings, type WarningDependencies, type WarningResult } from './notify-warnings.ts';
import { raiseCrossing, type RaiseDependencies } from './raise-crossing.ts';
import { takeRest, takeSample, type RestDependencies } from './take-sample.ts';

export interface SampleDependencies
  extends RestDependencies, RaiseDependencies, WarningDependencies, ProfileDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'pauses' | 'profiles' | 'samples' | 'warnings'>;
  readonly metrics: MetricsSink;
  readonly functions: FunctionCaller;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface SampleOutcome extends WarningResult {
  /** Oldest first. */
  readonly samples: readonly StoredSample[];
  /** What the newest sample asks for. */
  readonly crossing: Crossing | null;
  /** What dispatch said last; null when it was not asked. */
  readonly dispatched: DispatchResult | null;
}

/**
 * One call of the sampler: takes `count` samples, stores each and makes metrics of it, opens an incident at once when one
 * crosses the trigger, sends warnings, and sums up the quarter of an hour that has ended. A server that cannot be
 * reached is a sample too, and no error. Asking so often also keeps the worker's session warm, which is the way into a
 * server that is full. Throws when a crossing could not be dispatched.
 */
export async function sample(target: TargetSettings, count: number, deps: SampleDependencies): Promise<SampleOutcome> {
  const { policy } = target;
  const startedAt = deps.now();
  const [history, pauses] = await Promise.all([
    deps.store.samples.since(target.id, startedAt - historyMsOf(policy)),
    deps.store.pauses.on(target.id),
  ]);
  const isPaused = fullPause(pauses) !== null;
  const isNewQuarter = beginsQuarter(history, startedAt);
  const samples: StoredSample[] = [];
  let dispatched: DispatchResult | null = null;
  const failures: unknown[] = [];
  for (let index = 0; index < count; index++) {
    await deps.sleep(Math.max(0, startedAt + index * policy.sampling.everySeconds * 1000 - deps.now()));
    const resting = await takeRest(target, history, deps);
    const seen = resting ?? (await takeSample(target, deps));
    const isUnusual = isPaused || (seen.usage ?? 0) >= policy.triggerPercent;
    const taken = isUnusual ? { ...seen, isUnusual } : seen;
    deps.metrics.emit(target.id, taken, policy.sampling.metrics);
    const isLookDue = index === 0 && asksForLook(history, taken, target.member !== undefined);
    samples.push(taken);
    history.push(taken);
    await deps.store.samples.put(target.id, taken);
    if (isLookDue) await haveFollowed(target, deps);
    // Its metric says nothing new before the next minute.
    if (resting !== null) break;
    const { crossing } = judgeLevels(history, policy);
    // An open incident deals with it already.
    if (crossing === null || taken.inIncident) continue;
    // The next sample tries again.
    const raised = await raiseCrossing(target, crossing, deps).catch((error: unknown) => {
      failures.push(error);
      return null;
    });
    dispatched = raised ?? dispatched;
  }
  const levels = judgeLevels(history, policy);
  const isOpen = samples.at(-1)?.inIncident === true || dispatched !== null;
  const warnings = await notifyWarnings(target, levels, isOpen, deps);
  if (isNewQuarter(deps.now())) await keepProfile(target.id, deps);
  if (dispatched === null && failures.length > 0) throw failures[0];
  return { samples, crossing: levels.crossing, dispatched, ...warnings };
}

/** What is not asked for now is asked for again by the next sample that shows it, or within the hour. */
async function haveFollowed({ id, isRds }: TargetSettings, { functions }: SampleDependencies): Promise<void> {
  if (isRds) await functions.call('follow', { schema: SCHEMA, target: id }).catch(() => undefined);
}

/**
 * Whether a time is in a later quarter of an hour than the last sample before this call. A clock that was ahead has
 * left samples of the future, which do not count.
 */
function beginsQuarter(history: readonly StoredSample[], startedAt: number): (now: number) => boolean {
  const earlier = history.findLast(({ at }) => at < startedAt)?.at;
  return (now) => earlier === undefined || quarterOf(earlier) < quarterOf(now);
}
