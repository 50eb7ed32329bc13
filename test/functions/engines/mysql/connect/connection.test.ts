import fc from 'fast-check';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';

import { openConnection } from '../../../../../functions/engines/mysql/connect/connection.ts';
import { mysqlEngine } from '../../../../../functions/engines/mysql/engine.ts';
import { ConnectionLost, Refused } from '../../../../../functions/engines/shared/engine.ts';
import { PING } from '../../../../../functions/engines/shared/login.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  vi.restoreAllMocks();
});

/** A login to a server that answers the n-th thing it hears with the n-th of these, and is silent afterwards. */
async function loginTo(...answers: readonly Buffer[]) {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    let next = 0;
    const answer = () => {
      const words = answers[next++];
      if (words !== undefined) socket.write(words);
    };
    answer();
    socket.on('data', answer);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const tls = { mode: 'disable', ca: null } as const;
  return { host: '127.0.0.1', port, database: '', user: 'u', password: 'hunter2', tls };
}

function packet(sequence: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, sequence & 255]), body]);
}

const GREETING = packet(
  0,
  Buffer.concat([
    Buffer.from('\x0a8.0.40\0', 'latin1'),
    Buffer.from('0100000041424344454647480000a2ff0200380015', 'hex'),
    Buffer.alloc(10),
    Buffer.from('ABCDEFGHIJKL\0mysql_native_password\0', 'latin1'),
  ]),
);
const OK = Buffer.from('00000002000000', 'hex');
const FULL = packet(0, Buffer.from('\xff\x10\x04Too many connections', 'latin1'));

const refusalTo = async (...answers: readonly Buffer[]) => {
  const refused: unknown = await mysqlEngine
    .tryCanaryLogin(await loginTo(...answers), 'any', 150)
    .catch((error: unknown) => error);
  if (!(refused instanceof Refused)) throw new Error('it did not refuse');
  return refused.refusal;
};

test('a full server may say so before its greeting', async () => {
  expect(await refusalTo(FULL)).toMatchObject({ kind: 'full', message: 'Too many connections' });
});

test('a server that says nothing, or no more, is given up in time', async () => {
  for (const answers of [[], [GREETING], [GREETING, packet(2, OK)], [GREETING, packet(2, OK), packet(1, OK)]]) {
    const startedAt = Date.now();
    expect((await refusalTo(...answers)).kind).toBe('silent');
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  }
});

test('a server that speaks nonsense is refused in time, crashes nobody, and learns no password', async () => {
  // The driver complains of packets that are out of order.
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const nonsense = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const near = fc
    .tuple(fc.nat(GREETING.length - 5), fc.nat(255))
    .map(([at, byte]) => Buffer.concat([GREETING.subarray(0, at + 4), Buffer.of(byte), GREETING.subarray(at + 5)]));
  const answers = fc.tuple(
    fc.oneof(nonsense, near, fc.constant(GREETING)),
    fc.oneof(
      nonsense,
      nonsense.map((body) => packet(2, body)),
      fc.constant(packet(2, OK)),
    ),
    nonsense.map((body) => packet(1, body)),
  );
  await fc.assert(
    fc.asyncProperty(answers, async (words) => {
      const refusal = await refusalTo(...words);
      expect(JSON.stringify(refusal)).not.toContain('hunter2');
    }),
    { numRuns: 20 },
  );
});

test('a query without an answer costs the connection, which then refuses every other', async () => {
  const connection = await openConnection(await loginTo(GREETING, packet(2, OK), packet(1, OK)), 1_000);
  const startedAt = Date.now();
  await expect(connection.query(PING, [], 200)).rejects.toThrow(ConnectionLost);
  expect(Date.now() - startedAt).toBeLessThan(20_000);
  expect(connection.isOpen).toBe(false);
  await expect(connection.query(PING, [], 200)).rejects.toThrow('the connection is closed');
});

test('a server that goes while nobody asks it anything closes the connection, not the process', async () => {
  const connection = await openConnection(await loginTo(GREETING, packet(2, OK), packet(1, OK)), 1_000);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => connection.isOpen).toBe(false);
  await expect(connection.query(PING, [], 200)).rejects.toThrow(ConnectionLost);
});
