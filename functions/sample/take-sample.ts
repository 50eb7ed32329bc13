import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Surroundings } from '../core/ports/outside.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { WorkerBusy } from '../core/protocol/errors.ts';
import { aloneSince, isAtRest } from '../core/sampler/rest.ts';
import { storeAnswer, storeNoAnswer, storeRest, type StoredSample } from '../core/sampler/stored-sample.ts';
import { errorWords } from '../core/words/error-words.ts';

export interface TakeDependencies {
  readonly store: Pick<IncidentStore, 'incidents'>;
  readonly worker: Pick<WorkerClient, 'sample'>;
  readonly now: () => number;
}

export interface RestDependencies extends TakeDependencies {
  readonly surroundings: Pick<Surroundings, 'connections'>;
}

/** The metric of RDS is late by minutes, never by so many. Older minutes were judged when they came. */
const METRIC_LATE_MS = 15 * 60_000;

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
    const leaving = target.pauses === true && !inIncident ? { leaveWhenAlone: true } : {};
    const answer = await worker.sample(target, { deadline: at + SAMPLE_MS, ...leaving });
    return storeAnswer(answer, taking());
  } catch (error) {
    const result = error instanceof WorkerBusy ? 'busy' : 'failed';
    return storeNoAnswer(result, errorWords(error), taking());
  }
}

/**
 * A sample of a server that rests, without a connection to it; null for one that does not. One whose metric cannot be
 * read counts as awake: to wake a server costs money, to miss that it fills up costs more.
 */
export async function takeRest(
  target: TargetSettings,
  history: readonly StoredSample[],
  { store, surroundings, now }: RestDependencies,
): Promise<StoredSample | null> {
  const since = target.pauses === true ? aloneSince(history) : null;
  if (since === null || (await store.incidents.openOf(target.id)) !== null) return null;
  const at = now();
  const connections = await surroundings
    .connections(target.instance, Math.max(since, at - METRIC_LATE_MS))
    .catch(() => null);
  if (connections === null || !isAtRest(since, connections)) return null;
  return storeRest(since, { at, tookMs: now() - at, inIncident: false });
}
