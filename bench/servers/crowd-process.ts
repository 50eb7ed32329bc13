import * as z from 'zod/mini';
import type { Connection } from '../../drill/clients/client.ts';
import { clientFor } from '../../drill/clients/registry.ts';
import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';

/** Idle clients in a process of their own, so that they weigh on nothing that is measured. */

const order = z.object({ engine: z.enum(ENGINE_NAMES), url: z.string(), count: z.number() });
const OPENED_AT_ONCE = 8;
const connections = new Set<Connection>();

process.once('disconnect', () => process.exit());
process.on('message', (message) => {
  void fill(order.parse(message)).then((open) => process.send?.({ open }));
});

async function fill({ engine, url, count }: z.infer<typeof order>): Promise<number> {
  const client = await clientFor(engine);
  while (connections.size < count) {
    const missing = Math.min(OPENED_AT_ONCE, count - connections.size);
    const opened = await Promise.all(
      Array.from({ length: missing }, () => client.connect({ url, application: 'bench' })),
    );
    for (const connection of opened) {
      connections.add(connection);
      void connection.over.then(() => connections.delete(connection));
    }
  }
  return connections.size;
}
