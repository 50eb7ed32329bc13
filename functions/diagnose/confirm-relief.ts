import { slotsNeeded } from '../core/plan/budget.ts';
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
    const answer = await worker.sample(target.worker, { deadline: now() + 10_000 });
    if (!answer.ok) {
      return { verdict: unconfirmed(`a sample was refused as ${answer.refusal.kind}`), last, refusals: 1 };
    }
    last = answer.sample;
    if (slotsNeeded(last, policy) > 0 || last.canary.result === 'refused') {
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
