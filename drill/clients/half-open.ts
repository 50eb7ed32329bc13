import type { Socket } from 'node:net';
import type { HalfOpen } from './client.ts';

/** Keeps a socket open on which the server waits for more. Null when what it said first was that there is no slot. */
export async function holdOpen(socket: Socket, waitsForMore: (said: Buffer) => boolean): Promise<HalfOpen | null> {
  socket.on('error', () => undefined);
  const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const said = await Promise.race([new Promise<Buffer>((resolve) => socket.once('data', resolve)), over]);
  if (said === undefined || !waitsForMore(said)) {
    socket.destroy();
    return null;
  }
  // Unread data would keep the end from showing.
  socket.resume();
  return { over, close: () => socket.destroy() };
}
