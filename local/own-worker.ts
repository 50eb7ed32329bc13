import type { WorkerClient } from '../functions/core/ports/worker-client.ts';
import { SCHEMA } from '../functions/core/protocol/schema.ts';
import { createWorker } from '../functions/worker/worker.ts';
import { toWorkerSettings, type HeadroomConfig, type Target } from '../lib/config.ts';

/** The worker of a target in this process: its session is kept from the first look to the last act. */
export interface OwnWorker extends Pick<WorkerClient, 'snapshot' | 'end' | 'cap'> {
  close(): void;
}

/** Throws when the settings cannot work. Connects to nothing yet. */
export async function startOwnWorker(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<OwnWorker> {
  const worker = await createWorker(toWorkerSettings(config, target), { env: environment, folder: process.cwd() });
  return {
    async snapshot(_, request) {
      const answer = await worker.answer({ schema: SCHEMA, kind: 'snapshot', ...request });
      if ('snapshot' in answer || ('refusal' in answer && !('sources' in answer))) return answer;
      throw new Error('the worker answered something else than a snapshot');
    },
    async end(_, request) {
      const answer = await worker.answer({ schema: SCHEMA, kind: 'end', ...request });
      if ('endings' in answer || ('refusal' in answer && !('sources' in answer))) return answer;
      throw new Error('the worker answered something else than endings');
    },
    async cap(_, request) {
      const answer = await worker.answer({ schema: SCHEMA, kind: 'cap', ...request });
      if ('limit' in answer || ('refusal' in answer && !('sources' in answer))) return answer;
      throw new Error('the worker answered something else than a limit');
    },
    close: () => worker.close(),
  };
}
