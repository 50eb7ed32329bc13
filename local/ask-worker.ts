import { SCHEMA } from '../functions/core/protocol/schema.ts';
import type { CheckAnswer, SnapshotAnswer, WorkerRequest } from '../functions/core/worker-protocol.ts';
import { createWorker, type WorkerReply } from '../functions/worker/worker.ts';
import { toWorkerSettings, type HeadroomConfig, type Target } from '../lib/config.ts';

/** Beyond the patience of the policy: for the snapshot itself. */
const GRACE_MS = 15_000;
const CHECK_MS = 25_000;

/**
 * One snapshot by the worker's own code, without a workflow around it. A server that lets nobody in is an answer. Throws
 * when the settings cannot work or the connection fails in the middle.
 */
export async function takeSnapshot(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<SnapshotAnswer> {
  const patienceMs = target.policy.loop.patienceSeconds * 1000;
  const request = {
    schema: SCHEMA,
    kind: 'snapshot',
    deadline: Date.now() + patienceMs + GRACE_MS,
    patienceMs,
  } as const;
  const answer = await askOnce(config, target, environment, request);
  if ('snapshot' in answer || ('refusal' in answer && !('sources' in answer))) return answer;
  throw new Error('the worker answered something else than a snapshot');
}

/** One check, likewise. */
export async function takeCheck(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<CheckAnswer> {
  const request = { schema: SCHEMA, kind: 'check', deadline: Date.now() + CHECK_MS } as const;
  const answer = await askOnce(config, target, environment, request);
  if ('sources' in answer) return answer;
  throw new Error('the worker answered something else than a check');
}

async function askOnce(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
  request: WorkerRequest,
): Promise<WorkerReply> {
  const worker = await createWorker(toWorkerSettings(config, target), { env: environment, folder: process.cwd() });
  try {
    return await worker.answer(request);
  } finally {
    worker.close();
  }
}
