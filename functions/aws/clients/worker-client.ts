import { InvokeCommand, LambdaClient, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import type { WorkerClient, WorkerServer } from '../../core/ports/worker-client.ts';
import { WorkerBusy, WorkerFault } from '../../core/protocol/errors.ts';
import { pack, unpack } from '../../core/protocol/packing.ts';
import { SCHEMA } from '../../core/protocol/schema.ts';
import type {
  CheckAnswer,
  EndAnswer,
  LimitAnswer,
  SampleAnswer,
  SnapshotAnswer,
  WorkerReply,
  WorkerRequest,
} from '../../core/protocol/worker.ts';
import { parseJson } from '../../core/words/parse-json.ts';
import { systemClock, type Clock } from '../process/clock.ts';
import { once } from '../process/once.ts';
import { parseAnswer, parseFault, type AnswerContent } from './worker-answer.ts';

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

/** These leave open whether the function ran. Reading twice does no harm. */
const MAY_HAVE_BEGUN: ReadonlySet<string> = new Set([
  'ServiceException',
  'EC2UnexpectedException',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
]);

const READS: ReadonlySet<WorkerRequest['kind']> = new Set(['sample', 'snapshot', 'check']);

/**
 * Invokes workers synchronously. Throws WorkerFault when the worker crashed, timed out or cannot be invoked (WorkerBusy
 * when it was at other requests until the deadline), and SchemaMismatch when it is of another version.
 */
export function createWorkerClient({ client, now, sleep }: WorkerClientOptions): WorkerClient {
  async function invoke(worker: string, request: WorkerRequest): Promise<unknown> {
    const { FunctionError: fault, Payload: payload } = await sendPatiently(worker, request);
    const text = Buffer.from(payload ?? []).toString('utf8');
    if (fault !== undefined) throw parseFault(worker, text);
    const answer = parseJson(text);
    if (answer === undefined)
      throw new WorkerFault(`worker ${worker} answered ${text.length} characters that are not JSON`);
    return unpackAnswer(worker, answer);
  }

  async function sendPatiently(worker: string, request: WorkerRequest) {
    if ((await client.config.maxAttempts()) !== 1) {
      throw new Error('the Lambda client of the worker client must be built with maxAttempts: 1');
    }
    for (;;) {
      try {
        return await send(worker, request);
      } catch (error) {
        const name = errorName(error);
        const hasTime = now() + RETRY_AFTER_MS < request.deadline;
        if (!isRetried(name, request) || !hasTime) {
          const Fault = name === BUSY ? WorkerBusy : WorkerFault;
          throw new Fault(`worker ${worker} could not be invoked: ${name}`, { cause: error });
        }
        await sleep(RETRY_AFTER_MS);
      }
    }
  }

  function send(worker: string, request: WorkerRequest): Promise<InvokeCommandOutput> {
    const payload = Buffer.from(JSON.stringify(pack(request)));
    const command = new InvokeCommand({ FunctionName: worker, Payload: payload });
    const timeoutMs = Math.max(0, request.deadline - now()) + ANSWER_SLACK_MS;
    return client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
  }

  const ask = async <Answer extends WorkerReply>(
    { worker, member }: WorkerServer,
    order: Omit<WorkerRequest, 'schema' | 'member'>,
    content: AnswerContent,
  ): Promise<Answer> => {
    const request = { ...order, schema: SCHEMA, ...(member === undefined ? {} : { member }) } as WorkerRequest;
    return parseAnswer<Answer>(worker, await invoke(worker, request), content);
  };

  return {
    sample: (server, request) => ask<SampleAnswer>(server, { ...request, kind: 'sample' }, 'sample'),
    snapshot: (server, request) => ask<SnapshotAnswer>(server, { ...request, kind: 'snapshot' }, 'snapshot'),
    check: (server, request) => ask<CheckAnswer>(server, { ...request, kind: 'check' }, 'check'),
    end: (server, request) => ask<EndAnswer>(server, { ...request, kind: 'end' }, 'endings'),
    limit: (server, request) => ask<LimitAnswer>(server, { ...request, kind: 'limit' }, 'limit'),
    lift: (server, request) => ask<LimitAnswer>(server, { ...request, kind: 'lift' }, 'limit'),
  };
}

function unpackAnswer(worker: string, answer: unknown): unknown {
  try {
    return unpack(answer);
  } catch (cause) {
    throw new WorkerFault(`worker ${worker} answered with a list that cannot be read`, { cause });
  }
}

/** What changes the server is sent again only if it has certainly not begun. */
function isRetried(name: string, { kind }: WorkerRequest): boolean {
  return NOT_BEGUN.has(name) || (READS.has(kind) && MAY_HAVE_BEGUN.has(name));
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
