import * as z from 'zod/mini';
import { parseRequest } from '../core/protocol/request.ts';

/** What of API Gateway's event (HTTP API, payload 2.0) is looked at. */
const httpEvent = z.object({
  version: z.literal('2.0'),
  requestContext: z.object({ http: z.object({ method: z.string(), sourceIp: z.string() }) }),
  headers: z.optional(z.record(z.string(), z.string())),
  queryStringParameters: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});

export interface PageRequest {
  readonly method: string;
  readonly address: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Decoded. */
  readonly body: string;
}

/** Throws BadRequest when it is no such event. */
export function parsePageRequest(payload: unknown): PageRequest {
  const {
    requestContext,
    headers = {},
    queryStringParameters = {},
    body = '',
    isBase64Encoded,
  } = parseRequest(httpEvent, payload);
  return {
    method: requestContext.http.method,
    address: requestContext.http.sourceIp,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    query: queryStringParameters,
    body: isBase64Encoded === true ? Buffer.from(body, 'base64').toString('utf8') : body,
  };
}
