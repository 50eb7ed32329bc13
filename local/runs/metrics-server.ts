import { createServer } from 'node:http';
import { serveLoopback, type LoopbackServer } from '../machine/loopback-server.ts';
import type { WatchFigures } from './watch-figures.ts';

/** Serves the figures at `/metrics` on 127.0.0.1. Throws EADDRINUSE when the port is taken. */
export async function startMetricsServer(figures: WatchFigures, port: number): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('the figures are at /metrics\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else {
      figures.text().then(
        (text) => response.writeHead(200, { 'Content-Type': figures.contentType }).end(text),
        (error: unknown) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`${String(error)}\n`),
      );
    }
  });
  return serveLoopback(server, port);
}
