import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ApiError } from '../machine/api-error.ts';
import { serveLoopback, type LoopbackServer } from '../machine/loopback-server.ts';
import type { OnProgress } from '../machine/progress.ts';
import { hasRunKey } from '../machine/run-key.ts';
import {
  answerInvoke,
  answerList,
  functionOfPath,
  isListOfFunctions,
  type InvokeAnswer,
  type InvokeFunction,
} from './lambda-operations.ts';

type Operations = Readonly<Record<string, (request: unknown) => unknown>>;

interface AwsEndpointSettings {
  readonly invoke: InvokeFunction;
  /** The functions that there are. */
  readonly functionNames: () => readonly string[];
  readonly stepFunctions: Operations;
  readonly cloudWatch: Operations;
  readonly onProgress: OnProgress;
}

/**
 * Stands in, on loopback, for the services of AWS that functions and commands call and that nothing runs here: Lambda's
 * Invoke and ListFunctions, three operations of Step Functions, CloudWatch's DescribeAlarms. Every other call is refused
 * with an error that says so, and reported. Calls to services with no stand-in end here too.
 */
export async function startAwsEndpoint(settings: AwsEndpointSettings): Promise<LoopbackServer> {
  const services: Readonly<Record<string, Operations>> = {
    AWSStepFunctions: settings.stepFunctions,
    GraniteServiceVersion20100801: settings.cloudWatch,
  };

  const answer = async (request: IncomingMessage, body: string): Promise<InvokeAnswer> => {
    checkKey(request);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (isListOfFunctions(url.pathname) && request.method === 'GET') return answerList(settings.functionNames());
    const functionName = functionOfPath(url.pathname);
    if (functionName !== null && request.method === 'POST') {
      return answerInvoke(
        functionName,
        { headers: request.headers, query: url.searchParams, body },
        settings.invoke,
        (detail) => report('asynchronous Invoke', detail),
      );
    }
    const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    const run = services[service]?.[operation];
    if (run === undefined) throw new ApiError('UnknownOperationException', `no stand-in for ${operationOf(request)}`);
    return {
      statusCode: 200,
      headers: { 'Content-Type': 'application/x-amz-json-1.0' },
      body: JSON.stringify(run(JSON.parse(body))),
    };
  };

  const report = (operation: string, detail: string): void =>
    settings.onProgress({ kind: 'refused', at: Date.now(), operation, detail });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    response.setHeader('x-amzn-RequestId', requestId);
    try {
      const { statusCode, headers, body } = await answer(request, await readBody(request));
      response.writeHead(statusCode, headers).end(body);
    } catch (thrown) {
      const error = thrown instanceof ApiError ? thrown : new ApiError('InternalFailure', String(thrown), 500);
      if (REPORTED.has(error.name)) report(operationOf(request), error.message);
      response
        .writeHead(error.statusCode, { 'Content-Type': 'application/json', 'x-amzn-errortype': error.name })
        .end(JSON.stringify({ __type: error.name, message: error.message, Message: error.message }));
    }
  };
  return serveLoopback(createServer((request, response) => void handle(request, response)));
}

/**
 * Faults of the caller's code or of the stand-ins; other errors are answers that the services give in ordinary life.
 */
const REPORTED: ReadonlySet<string> = new Set([
  'UnknownOperationException',
  'ValidationException',
  'UnrecognizedClientException',
  'InternalFailure',
]);

/**
 * A caller with another key is another account of this machine; or it has real ones of AWS, and was about to use them.
 * This one says so, so that the run can report it.
 */
function checkKey(request: IncomingMessage): void {
  if (hasRunKey(request)) return;
  throw new ApiError('UnrecognizedClientException', 'the request is not signed with the key of this run', 403);
}

function operationOf(request: IncomingMessage): string {
  return String(request.headers['x-amz-target'] ?? `${request.method ?? ''} ${request.url ?? ''}`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
