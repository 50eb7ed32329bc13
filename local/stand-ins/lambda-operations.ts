import type { InvocationRequest } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { LAMBDA_BYTES } from '../../functions/core/protocol/packing.ts';
import type { InvocationResult } from '../lambda/function-process.ts';
import { ApiError } from '../machine/api-error.ts';
import { checkRequest, requestOf } from './request-check.ts';

/** Invokes by plain name; null when there is no such function. `event` is JSON text. */
export type InvokeFunction = (
  name: string,
  event: string,
) => Promise<InvocationResult | { readonly kind: 'throttled' } | null>;

export interface InvokeAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const invocation = requestOf<Omit<InvocationRequest, 'Payload'>>()({
  FunctionName: z.string(),
  InvocationType: z.enum(['RequestResponse', 'Event']).optional(),
  LogType: z.literal('None').optional(),
  /** There is one version of each function here, whatever is asked for. */
  Qualifier: z.string().optional(),
});

/** Headers of the protocol and the input fields they carry. */
const FIELDS = {
  'x-amz-invocation-type': 'InvocationType',
  'x-amz-log-type': 'LogType',
  'x-amz-client-context': 'ClientContext',
  'x-amz-durable-execution-name': 'DurableExecutionName',
  'x-amz-tenant-id': 'TenantId',
} as const satisfies Record<string, keyof InvocationRequest>;

/** Whether the path is that of ListFunctions. */
export function isListOfFunctions(path: string): boolean {
  return /^\/2015-03-31\/functions\/?$/.test(path);
}

/** Lambda's ListFunctions: the names alone, on one page. For commands; no function may ask this. */
export function answerList(names: readonly string[]): InvokeAnswer {
  const body = JSON.stringify({ Functions: names.map((name) => ({ FunctionName: name })) });
  return { statusCode: 200, headers: { 'Content-Type': 'application/json' }, body };
}

/** The function's name when the path is Invoke's. */
export function functionOfPath(path: string): string | null {
  const named = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path)?.[1];
  return named === undefined ? null : decodeURIComponent(named);
}

/**
 * Lambda's Invoke. An asynchronous invocation is run once: Lambda's own retries and failure destinations are not
 * simulated; `onLost` is called when it failed.
 */
export async function answerInvoke(
  named: string,
  call: { readonly headers: Readonly<Record<string, unknown>>; readonly query: URLSearchParams; readonly body: string },
  invoke: InvokeFunction,
  onLost: (detail: string) => void,
): Promise<InvokeAnswer> {
  const given = Object.entries(FIELDS).flatMap(([header, field]) =>
    call.headers[header] === undefined ? [] : [[field, call.headers[header]] as const],
  );
  const qualifier = call.query.get('Qualifier');
  const request = checkRequest(invocation, 'Invoke', {
    FunctionName: named,
    ...Object.fromEntries(given),
    ...(qualifier === null ? {} : { Qualifier: qualifier }),
  });
  const event = checkPayload(call.body);
  // A plain name, a partial ARN or a whole one.
  const name = named.replace(/^.*:?function:/, '').split(':')[0] ?? named;
  const invoked = invoke(name, event).then((result) => {
    if (result === null) throw new ApiError('ResourceNotFoundException', `Function not found: ${named}`, 404);
    if (result.kind === 'throttled') throw new ApiError('TooManyRequestsException', 'Rate Exceeded.', 429);
    return result;
  });
  if (request.InvocationType === 'Event') {
    invoked.then(
      (result) =>
        result.kind !== 'answered' && onLost(`${name}: ${result.error.errorType}: ${result.error.errorMessage}`),
      (error: unknown) => onLost(`${name}: ${String(error)}`),
    );
    return { statusCode: 202, headers: {}, body: '' };
  }
  const result = await invoked;
  const headers = { 'X-Amz-Executed-Version': '$LATEST' };
  return result.kind === 'answered'
    ? { statusCode: 200, headers, body: result.payload }
    : {
        statusCode: 200,
        headers: { ...headers, 'X-Amz-Function-Error': 'Unhandled' },
        body: JSON.stringify(result.error),
      };
}

function checkPayload(body: string): string {
  if (Buffer.byteLength(body) > LAMBDA_BYTES) {
    throw new ApiError('RequestTooLargeException', `${Buffer.byteLength(body)} byte payload is too large`, 413);
  }
  try {
    JSON.parse(body || '{}');
  } catch {
    throw new ApiError('InvalidRequestContentException', 'Could not parse request body into json');
  }
  return body || '{}';
}
