import { judgeCheck } from '../core/check/check.ts';
import { failed, type CheckFinding } from '../core/check/finding.ts';
import { composeCheck } from '../core/messages/check.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { NO_ANSWER_FIX } from '../core/sampler/warnings.ts';
import { errorWords } from '../core/words/error-words.ts';

export interface CheckOutcome {
  /** Why nothing was checked; null when it was. */
  readonly skipped: string | null;
  /** What is not in place, by the names of `CHECKS`; people were notified of it. */
  readonly failed: readonly string[];
  /** What should be otherwise; `headroom doctor` shows it. */
  readonly warnings: readonly string[];
}

export interface CheckDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'samples'>;
  readonly worker: Pick<WorkerClient, 'check'>;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/** A check takes the worker up to 20 s; it may finish a sample first. */
const CHECK_MS = 30_000;
/** The newest sample is no older than this. */
const LATEST_MS = 5 * 60_000;

/**
 * The daily self-check: has the worker try what it needs, and notifies people once of all that is not in place. Skipped
 * while an incident is open, which needs the worker more, and for a server that rests. Throws when the topic does not
 * take the notice.
 */
export async function selfCheck(target: TargetSettings, deps: CheckDependencies): Promise<CheckOutcome> {
  if ((await deps.store.incidents.openOf(target.id)) !== null) {
    return { skipped: 'an incident is open', failed: [], warnings: [] };
  }
  if (await isResting(target, deps)) {
    return { skipped: 'the server rests, and a check would wake it', failed: [], warnings: [] };
  }
  const findings = await examine(target, deps);
  const message = composeCheck(target, findings, deps.now());
  if (message !== null) await deps.notifier.publish(message);
  const idsOf = (wanted: CheckFinding['status']) =>
    findings.filter(({ status }) => status === wanted).map(({ id }) => id);
  return { skipped: null, failed: idsOf('failed'), warnings: idsOf('warning') };
}

async function isResting(target: TargetSettings, { store, now }: CheckDependencies): Promise<boolean> {
  if (target.pauses !== true) return false;
  return (await store.samples.since(target.id, now() - LATEST_MS)).at(-1)?.result === 'resting';
}

async function examine(target: TargetSettings, { worker, now }: CheckDependencies): Promise<readonly CheckFinding[]> {
  try {
    return judgeCheck(await worker.check(target, { deadline: now() + CHECK_MS }), target);
  } catch (error) {
    return [failed('route', `the worker gives no answer: ${errorWords(error)}`, NO_ANSWER_FIX)];
  }
}
