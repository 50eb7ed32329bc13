import { InvokeCommand, LambdaClient, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import type { WorkerClient } from '../../core/ports/worker-client.ts';
import { WorkerBusy, WorkerFault } from '../../core/protocol/errors.ts';
import { SCHEMA } from '../../core/protocol/schema.ts';
import type {
  CheckAnswer,
  EndAnswer,
  LimitAnswer,
  SampleAnswer,
  SnapshotAnswer,
  WorkerRequest,
} from '../../core/protocol/worker.ts';
import { parseJson } from '../../core/words/parse-json.ts';
import { systemClock, type Clock } from '../process/clock.ts';
import { once } from '../process/once.ts';
import { parseAnswer, parseFault } from './worker-answer.ts';

export interface WorkerClientOptions extends Clock {
  /** Must be built with `maxAttempts: 1`: the SDK must not send an `end` request a second time. */
  readonly client: LambdaClient;
}

/** A worker that is busy with another request is tried again each second. */
const RETRY_AFTER_MS = 1_000;
/** How long after a request's deadline its answer may still come: cold start, last snapshot, transport. */
const ANSWER_SLACK_MS = 20_000;

/** All the executions that the worker may have are running. */
const BUSY = 'TooManyRequestsException';
/** Lambda gives these before it runs the function, so a request that ended in one of them was not carried out. */
const NOT_BEGUN: ReadonlySet<string> = new Set([
  BUSY,
  'ResourceNotReadyException',
  'ENINotReadyException',
  'EC2ThrottledException',
  'SubnetIPAddressLimitReachedException',
  'ENILimitReachedException',
]);

/** These leave open whether the function ran. */
const MAY_HAVE_BEGUN: ReadonlySet<string> = new Set([
  'ServiceException',
  'EC2UnexpectedException',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What only reads may be sent again when the function may have run already. */
const READS: ReadonlySet<WorkerRequest['kind']> = new Set(['sample', 'snapshot', 'check']);

/**
 * Invokes workers synchronously. Throws WorkerFault when the worker crashed, timed out or cannot be invoked (WorkerBusy
 * when it was at other requests until the deadline), and SchemaMismatch when it is of another version.
 */
export function createWorkerClient(options: WorkerClientOptions): WorkerClient {
  const invoke = async (worker: string, request: WorkerRequest): Promise<unknown> => {
    const { FunctionError: fault, Payload: payload } = await sendPatiently(worker, request, options);
    const text = Buffer.from(payload ?? []).toString('utf8');
    if (fault !== undefined) throw parseFault(worker, text);
    const answer = parseJson(text);
    if (answer !== undefined) return answer;
    throw new WorkerFault(`worker ${worker} answered ${text.length} characters that are not JSON`);
  };
  return {
    async sample(worker, request) {
      const answer = await invoke(worker, { ...request, schema: SCHEMA, kind: 'sample' });
      return parseAnswer<SampleAnswer>(worker, answer, 'sample');
    },
    async snapshot(worker, request) {
      const answer = await invoke(worker, { ...request, schema: SCHEMA, kind: 'snapshot' });
      return parseAnswer<SnapshotAnswer>(worker, answer, 'snapshot');
    },
    async check(worker, request) {
      const answer = await invoke(worker, { ...request, schema: SCHEMA, kind: 'check' });
      return parseAnswer<CheckAnswer>(worker, answer, 'check');
    },
    async end(worker, request) {
      const answer = await invoke(worker, { ...request, schema: SCHEMA, kind: 'end' });
      return parseAnswer<EndAnswer>(worker, answer, 'endings');
    },
    async limit(worker, request) {
      const answer = await invoke(worker, { ...request, schema: SCHEMA, kind: 'limit' });
      return parseAnswer<LimitAnswer>(worker, answer, 'limit');
    },
    async lift(worker, request) {
      const answer = await invoke(worker, { ...request, schema: SCHEMA, kind: 'lift' });
      return parseAnswer<LimitAnswer>(worker, answer, 'limit');
    },
  };
}

/** Sends a request until the worker takes it or its deadline leaves no time; again only what is safe to send again. */
async function sendPatiently(
  worker: string,
  request: WorkerRequest,
  { client, now, sleep }: WorkerClientOptions,
): Promise<InvokeCommandOutput> {
  if ((await client.config.maxAttempts()) !== 1) {
    throw new Error('the Lambda client of the worker client must be built with maxAttempts: 1');
  }
  for (;;) {
    try {
      const command = new InvokeCommand({ FunctionName: worker, Payload: Buffer.from(JSON.stringify(request)) });
      const timeoutMs = Math.max(0, request.deadline - now()) + ANSWER_SLACK_MS;
      return await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      const name = errorName(error);
      const hasTime = now() + RETRY_AFTER_MS < request.deadline;
      if (!mayBeSentAgain(request, name) || !hasTime) {
        const Fault = name === BUSY ? WorkerBusy : WorkerFault;
        throw new Fault(`worker ${worker} could not be invoked: ${name}`, { cause: error });
      }
      await sleep(RETRY_AFTER_MS);
    }
  }
}

function mayBeSentAgain({ kind }: WorkerRequest, error: string): boolean {
  return NOT_BEGUN.has(error) || (READS.has(kind) && MAY_HAVE_BEGUN.has(error));
}

/** One per process, on the system's clock. */
export const workerClientFromEnvironment = once((): WorkerClient => {
  const requestHandler = { connectionTimeout: 3_000 };
  return createWorkerClient({ client: new LambdaClient({ maxAttempts: 1, requestHandler }), ...systemClock });
});

function errorName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
