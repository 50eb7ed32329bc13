import { setTimeout as sleep } from 'node:timers/promises';
import { parseAnswer } from '../../functions/aws/clients/worker-answer.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { WorkerServer } from '../../functions/core/ports/worker-client.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { SampleAnswer } from '../../functions/core/protocol/worker.ts';
import { takeSample } from '../../functions/sample/take-sample.ts';
import type { LocalRuntime } from '../../local/runtime/runtime.ts';

/**
 * As compressed as the ages of a rehearsal's policy: in production it is a minute, and sessions count as idle after
 * five.
 */
const EVERY_MS = 500;

interface Sampler {
  /** Settles when the sample under way, if any, has been kept. May be called again. */
  stop(): Promise<void>;
}

/**
 * Takes samples of a target and keeps them, as the sampler does, so that a diagnosis knows how it came about. Settles
 * when the first is kept. Opens no incident: in a rehearsal the alarm does, when its loads are ripe.
 */
export async function startSampler(
  { invoke, store }: Pick<LocalRuntime, 'invoke' | 'store'>,
  settings: TargetSettings,
): Promise<Sampler> {
  const worker = {
    sample: async ({ worker: name }: WorkerServer, { deadline }: { readonly deadline: number }) => {
      const answer = await invoke(name, { schema: SCHEMA, kind: 'sample', deadline });
      return parseAnswer<SampleAnswer>(name, answer, 'sample');
    },
  };
  const stopped = new AbortController();
  const sampleOnce = async () => {
    const taken = await takeSample(settings, { store, worker, now: Date.now });
    await store.samples.put(settings.id, taken);
  };
  await sampleOnce();
  const sampling = (async () => {
    while (!stopped.signal.aborted) {
      const next = Date.now() + EVERY_MS;
      await sampleOnce();
      await sleep(Math.max(0, next - Date.now()), undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  // What failed shows when it is stopped.
  sampling.catch(() => undefined);
  return {
    async stop() {
      stopped.abort();
      await sampling;
    },
  };
}
