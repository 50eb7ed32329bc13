import { slotsNeeded } from '../core/plan/budget.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { describeCanary } from '../core/server/admission.ts';
import { isRefusedAsFull, usagePercent, type Sample, type Snapshot } from '../core/server/snapshot.ts';
import type { Verdict } from '../core/verdict/situation.ts';
import { percent } from '../core/words/percent.ts';

export interface ConfirmDependencies {
  readonly worker: Pick<WorkerClient, 'sample'>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Confirmation {
  readonly verdict: Verdict;
  /** The latest sample. */
  readonly last: Sample;
  /** Logins that were refused as full meanwhile. */
  readonly refusals: number;
}

/**
 * Relief is several good samples in a row; the snapshot was the first. One bad sample means another round: then
 * `unconfirmed` gives the verdict. A verdict that claims no relief stays.
 */
export async function confirmRelief(
  { judged, snapshot, target }: { judged: Verdict; snapshot: Snapshot; target: TargetSettings },
  unconfirmed: (why: string) => Verdict,
  { worker, now, sleep }: ConfirmDependencies,
): Promise<Confirmation> {
  let last: Sample = snapshot;
  if (judged.next !== 'confirm') return { verdict: judged, last, refusals: 0 };
  const { policy } = target;
  const { loop } = policy;
  for (let good = 1; good < loop.reliefSamples; good++) {
    await sleep(loop.reliefSpacingSeconds * 1000);
    const answer = await worker.sample(target, { deadline: now() + 10_000 });
    if (!answer.ok) {
      return { verdict: unconfirmed(`a sample was refused as ${answer.refusal.kind}`), last, refusals: 1 };
    }
    last = answer.sample;
    if (!isGoodSample(last, snapshot, policy)) {
      const why = `usage ${percent(usagePercent(last))}, canary ${describeCanary(last.canary)}`;
      return { verdict: unconfirmed(why), last, refusals: isRefusedAsFull(last.canary) ? 1 : 0 };
    }
  }
  const held = `${judged.why}, ${loop.reliefSamples} samples in a row, ${loop.reliefSpacingSeconds} s apart`;
  const proof =
    last.canary.result === 'unknown'
      ? 'whether ordinary clients get in is unknown: no canary is configured'
      : 'ordinary clients get in';
  return { verdict: { ...judged, why: `${held}; ${proof}` }, last, refusals: 0 };
}

/**
 * Whether a sample after the snapshot confirms relief. The relief level is the measure; where the budgets stopped above
 * it, with clients in, the trigger is. The snapshot shows which.
 */
export function isGoodSample(sample: Sample, snapshot: Sample, policy: Policy): boolean {
  if (sample.canary.result === 'refused') return false;
  return slotsNeeded(snapshot, policy) === 0
    ? slotsNeeded(sample, policy) === 0
    : usagePercent(sample) < policy.triggerPercent;
}
