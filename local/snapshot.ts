import { SCHEMA, type SnapshotAnswer } from '../functions/core/worker-protocol.ts';
import { createWorker } from '../functions/worker/worker.ts';
import { toWorkerSettings, type HeadroomConfig, type Target } from '../lib/config.ts';

/** Beyond the patience of the policy: for the snapshot itself. */
const GRACE_MS = 15_000;

/**
 * One snapshot by the worker's own code, without a workflow around it. A server that lets nobody in is an answer. Throws
 * when the settings cannot work or the connection fails in the middle.
 */
export async function takeSnapshot(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<SnapshotAnswer> {
  const worker = await createWorker(toWorkerSettings(config, target), { env: environment, folder: process.cwd() });
  const patienceMs = target.policy.loop.patienceSeconds * 1000;
  try {
    const answer = await worker.answer({
      schema: SCHEMA,
      kind: 'snapshot',
      deadline: Date.now() + patienceMs + GRACE_MS,
      patienceMs,
    });
    if (isSnapshotAnswer(answer)) return answer;
    throw new Error('the worker answered something else than it was asked');
  } finally {
    worker.close();
  }
}

function isSnapshotAnswer(answer: object): answer is SnapshotAnswer {
  return 'refusal' in answer || 'snapshot' in answer;
}
