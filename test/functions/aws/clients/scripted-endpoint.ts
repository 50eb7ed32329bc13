import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What the endpoint does with the next request: an answer, `hang up` without one, or what the request decides. */
export type Reply =
  | 'hang up'
  | ((request: Received) => Exclude<Reply, (request: Received) => Reply>)
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown };

export interface ScriptedEndpoint {
  /** For the constructor of any client of the SDK. */
  readonly config: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly received: Received[];
  /** Answers the next requests in this order; a request beyond them gets status 418. */
  script(...replies: readonly Reply[]): void;
  stop(): Promise<void>;
}

/** An HTTP server on loopback that speaks the JSON protocols of AWS from a script, so that the real clients run. */
export async function startScriptedEndpoint(): Promise<ScriptedEndpoint> {
  const received: Received[] = [];
  let replies: Reply[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const asked: Received = {
      path: request.url ?? '',
      headers: request.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    };
    received.push(asked);
    const next = replies.shift() ?? { status: 418 };
    const reply = typeof next === 'function' ? next(asked) : next;
    if (reply === 'hang up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    config: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
    received,
    script(...next) {
      replies = [...next];
      received.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
