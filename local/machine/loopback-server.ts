import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Returns when the port is free again; open connections are cut. */
  stop(): Promise<void>;
}

/** Listens on 127.0.0.1 and nowhere else, on a free port unless one is given. Throws EADDRINUSE when that is taken. */
export async function serveLoopback(server: Server, givenPort = 0): Promise<LoopbackServer> {
  // A caller may be frozen for long and expects its connections to be there when it thaws.
  server.keepAliveTimeout = 0;
  server.listen(givenPort, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = new Promise<void>((resolve, reject) => {
        // dynalite says null where Node says undefined.
        server.close((error?: Error | null) => (error ? reject(error) : resolve()));
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
