import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Connection } from '../../drill/clients/client.ts';
import { clientFor } from '../../drill/clients/registry.ts';
import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';

/** Idle clients in a process of their own, so that they weigh on nothing that is measured. */

const order = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fill'), engine: z.enum(ENGINE_NAMES), url: z.string(), count: z.number() }),
  /** Each begins one transaction, at a moment of its own within so many milliseconds. */
  z.object({ kind: z.literal('begin'), engine: z.enum(ENGINE_NAMES), withinMs: z.number() }),
  z.object({ kind: z.literal('report') }),
]);
type Order<Kind> = Extract<z.infer<typeof order>, { readonly kind: Kind }>;

interface Transaction {
  /** When its first answer came. */
  readonly answeredAt: number;
  /** When its session was over. */
  endedAt: number | null;
}

const OPENED_AT_ONCE = 8;
/** News that a session is over may come that late. */
const NEWS_MS = 200;
const connections = new Set<Connection>();
const transactions = new Map<Connection, Transaction>();
let beginning: Promise<unknown> = Promise.resolve();

process.once('disconnect', () => process.exit());
process.on('message', (message) => {
  const wanted = order.parse(message);
  if (wanted.kind === 'fill') void fill(wanted).then((open) => process.send?.({ open }));
  if (wanted.kind === 'begin') beginning = beginAll(wanted);
  if (wanted.kind === 'report') void report().then((told) => process.send?.(told));
});

async function fill({ engine, url, count }: Order<'fill'>): Promise<number> {
  const client = await clientFor(engine);
  while (connections.size < count) {
    const missing = Math.min(OPENED_AT_ONCE, count - connections.size);
    const opened = await Promise.all(
      Array.from({ length: missing }, () => client.connect({ url, application: 'bench' })),
    );
    for (const connection of opened) {
      connections.add(connection);
      void connection.over.then(() => {
        connections.delete(connection);
        const transaction = transactions.get(connection);
        if (transaction !== undefined) transaction.endedAt = performance.now();
      });
    }
  }
  return connections.size;
}

/** A bare BEGIN opens nothing yet that MySQL and MariaDB would show. */
async function beginAll({ engine, withinMs }: Order<'begin'>): Promise<void> {
  const { dialect } = await clientFor(engine);
  await Promise.all([...connections].map((each) => begin(each, dialect.beginSnapshot, withinMs)));
}

async function begin(connection: Connection, statement: string, withinMs: number): Promise<void> {
  await sleep(Math.random() * withinMs);
  if (!connections.has(connection)) return;
  try {
    await connection.query(statement);
    await connection.query('SELECT 1');
    transactions.set(connection, { answeredAt: performance.now(), endedAt: null });
  } catch {
    // Ended before it was answered: its client knows that nothing has begun.
  }
}

/** Once every client has begun or is gone. Those in a transaction end it. */
async function report() {
  await beginning;
  await sleep(NEWS_MS);
  const answered = [...transactions.values()];
  const lateMs = answered.flatMap(({ answeredAt, endedAt }) => (endedAt === null ? [] : [endedAt - answeredAt]));
  const alive = [...transactions.keys()].filter((each) => connections.has(each));
  await Promise.all(alive.map((each) => each.query('ROLLBACK')));
  transactions.clear();
  return { answered: answered.length, ended: lateMs.length, latestMs: Math.max(0, ...lateMs) };
}
