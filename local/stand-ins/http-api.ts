import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import * as z from 'zod';
import { serveLoopback, type LoopbackServer } from '../machine/loopback-server.ts';
import type { InvokeFunction } from './lambda-operations.ts';

/** What a function answers to an HTTP API (payload 2.0), as far as it is honoured here. */
const functionAnswer = z.strictObject({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/** Bodies of these types reach a function as they are; all others, those of forms too, in base64. */
const TEXT = /^(text\/|application\/(json|javascript|xml))/;

/**
 * Stands in, on loopback, for an HTTP API with the routes `GET /` and `POST /` of one function: passes requests on in
 * the form of API Gateway, and its answers back. Throttling and access logs are not simulated.
 */
export async function startHttpApi(functionName: string, invoke: InvokeFunction): Promise<LoopbackServer> {
  const answer = async (request: IncomingMessage) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const hasRoute = url.pathname === '/' && ['GET', 'POST'].includes(request.method ?? '');
    if (!hasRoute) return own(404, 'Not Found');
    const result = await invoke(functionName, JSON.stringify(await toEvent(request, url)));
    if (result === null || result.kind !== 'answered') return own(500, 'Internal Server Error');
    return functionAnswer.parse(JSON.parse(result.payload));
  };
  const server = createServer((request, response) => {
    answer(request)
      .catch(() => own(500, 'Internal Server Error'))
      .then(({ statusCode, headers, body }) => response.writeHead(statusCode, headers).end(body))
      .catch(() => response.destroy());
  });
  return serveLoopback(server);
}

/** An answer of the gateway itself. */
function own(statusCode: number, message: string) {
  return { statusCode, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ message }) };
}

async function toEvent(request: IncomingMessage, url: URL): Promise<object> {
  const body = await buffer(request);
  const isText = TEXT.test(request.headers['content-type'] ?? '');
  const { method = 'GET' } = request;
  return {
    version: '2.0',
    routeKey: `${method} /`,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    ...(url.search === '' ? {} : { queryStringParameters: Object.fromEntries(url.searchParams) }),
    requestContext: {
      stage: '$default',
      routeKey: `${method} /`,
      http: { method, path: url.pathname, protocol: 'HTTP/1.1', sourceIp: request.socket.remoteAddress ?? '' },
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}
