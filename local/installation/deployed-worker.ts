import { LambdaClient } from '@aws-sdk/client-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorkerClient } from '../../functions/aws/clients/worker-client.ts';
import type { WorkerClient } from '../../functions/core/ports/worker-client.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { explainAws } from './aws-errors.ts';
import { installedClientConfig } from './client-config.ts';

/**
 * The worker of a target at a person's command. One in this process keeps its session from the first snapshot to the
 * last act.
 */
export interface CommandedWorker extends Pick<WorkerClient, 'snapshot' | 'check' | 'end' | 'limit' | 'lift'> {
  close(): void;
}

/** The worker that an installation on AWS has for a target: requests name it. */
export function deployedWorker({ installation }: HeadroomConfig): CommandedWorker {
  const { region = '', account } = installation;
  // The SDK must not send an order to end a second time.
  const client = new LambdaClient({ ...installedClientConfig(installation), maxAttempts: 1 });
  const worker = createWorkerClient({ client, now: Date.now, sleep: (ms) => sleep(ms) });
  const explained = <Answer>(answer: Promise<Answer>): Promise<Answer> =>
    answer.catch((error: unknown) => {
      throw explainAws(error, { region, account });
    });
  return {
    snapshot: (server, request) => explained(worker.snapshot(server, request)),
    check: (server, request) => explained(worker.check(server, request)),
    // Who orders these goes by the kind of the error.
    end: (server, request) => worker.end(server, request),
    limit: (server, request) => worker.limit(server, request),
    lift: (server, request) => worker.lift(server, request),
    close: () => client.destroy(),
  };
}
