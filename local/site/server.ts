import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { serveLoopback, type LoopbackServer } from '../machine/loopback-server.ts';
import { PAGE_POLICY } from './page.ts';

/** What the site serves, each made anew for each request. */
export interface Site {
  page(): Promise<string>;
  metrics(): Promise<string>;
  readonly figures: { readonly contentType: string };
}

interface Content {
  readonly type: string;
  readonly make: () => Promise<string>;
}

/** Serves the page at `/` and the figures at `/metrics`, on 127.0.0.1. Throws EADDRINUSE when the port is taken. */
export async function startSite(site: Site, port: number): Promise<LoopbackServer> {
  const contents = new Map<string | undefined, Content>([
    ['/', { type: 'text/html; charset=utf-8', make: () => site.page() }],
    ['/metrics', { type: site.figures.contentType, make: () => site.metrics() }],
  ]);
  const server = createServer((request, response) => {
    const content = contents.get(request.url?.split('?')[0]);
    if (!isForThisMachine(request)) {
      // A name that leads here is a stranger's page that wants to read what only this machine may.
      refuse(response, 421, 'ask for 127.0.0.1 or localhost');
    } else if (content === undefined) {
      refuse(response, 404, 'the page is at /, the figures are at /metrics');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...HEADERS, Allow: 'GET, HEAD' }).end();
    } else {
      content.make().then(
        (text) => response.writeHead(200, { ...HEADERS, 'Content-Type': content.type }).end(text),
        (error: unknown) => refuse(response, 500, String(error)),
      );
    }
  });
  return serveLoopback(server, port);
}

const HEADERS = {
  'Content-Security-Policy': PAGE_POLICY,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

function refuse(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${words}\n`);
}

/** Its names, with any port: it may be reached through a tunnel. */
const OWN_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

function isForThisMachine({ headers: { host = '' } }: IncomingMessage): boolean {
  return OWN_NAMES.has(host.replace(/:\d+$/, '').toLowerCase());
}
