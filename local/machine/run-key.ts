import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, Server } from 'node:http';

/** What opens the stand-ins of a run. */
export interface RunKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * The key of this process's runs, made anew for each: other accounts of this machine reach its ports too. Its functions
 * get it, and who may read the records. It opens nothing else.
 */
export const RUN_KEY: RunKey = {
  accessKeyId: randomBytes(16).toString('hex').toUpperCase(),
  secretAccessKey: randomBytes(24).toString('hex'),
};

/** Whether a request names the key of this run. Nobody but its holder can know it, so the signature proves no more. */
export function hasRunKey({ headers }: IncomingMessage): boolean {
  const named = /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(named), digest(RUN_KEY.accessKeyId));
}

/** Lets nothing of a request without the key of this run reach the server's own listeners. */
export function requireRunKey(server: Server): void {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (hasRunKey(request)) {
      for (const listener of listeners) listener.call(server, request, response);
      return;
    }
    const message = 'the request is not signed with the key of this run';
    response
      .writeHead(403, { 'Content-Type': 'application/json', 'x-amzn-errortype': 'UnrecognizedClientException' })
      .end(JSON.stringify({ __type: 'UnrecognizedClientException', message, Message: message }));
    // What it still sends is not read.
    request.resume();
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
