import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { WorkerBusy } from '../core/protocol/errors.ts';
import { storeAnswer, storeNoAnswer, type StoredSample } from '../core/sampler/stored-sample.ts';
import { errorWords } from '../core/words/error-words.ts';

export interface TakeDependencies {
  readonly store: Pick<IncidentStore, 'incidents'>;
  readonly worker: Pick<WorkerClient, 'sample'>;
  readonly now: () => number;
}

/** Samples are short, so that they never delay a diagnosis. */
const SAMPLE_MS = 5_000;

/** Asks the worker for one sample. Trouble of the worker or the server is a sample too, and never thrown. */
export async function takeSample(
  target: TargetSettings,
  { store, worker, now }: TakeDependencies,
): Promise<StoredSample> {
  const inIncident = (await store.incidents.openOf(target.id)) !== null;
  const at = now();
  const taking = () => ({ at, tookMs: now() - at, inIncident });
  try {
    const answer = await worker.sample(target, { deadline: at + SAMPLE_MS });
    return storeAnswer(answer, taking());
  } catch (error) {
    const result = error instanceof WorkerBusy ? 'busy' : 'failed';
    return storeNoAnswer(result, errorWords(error), taking());
  }
}
