import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Forwards between a client and a server on loopback, and can go away and come back. */
export interface Forwarder {
  readonly port: number;
  /** Cuts every connection and takes no more. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/**
 * `answerDelayMs`: how long each piece of an answer is delayed. `from`: the address that the server sees. `at`: where
 * clients connect; any free port when it is 0.
 */
export async function startForwarder(
  to: number,
  answerDelayMs = 0,
  from?: string,
  at = { host: '127.0.0.1', port: 0 },
): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const make = () =>
    createServer((client) => {
      const server = keep(connect({ port: to, host: '127.0.0.1', localAddress: from }));
      keep(client).pipe(server);
      if (answerDelayMs === 0) server.pipe(client);
      else server.on('data', (chunk) => setTimeout(() => client.writable && client.write(chunk), answerDelayMs));
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  let listening = make().listen(at.port, at.host);
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  return {
    port,
    async cut() {
      for (const socket of sockets) socket.destroy();
      listening.close();
      await once(listening, 'close');
    },
    async mend() {
      listening = make().listen(port, at.host);
      await once(listening, 'listening');
    },
  };
}
