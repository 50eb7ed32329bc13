import { clientFor } from '../clients/registry.ts';
import { behaviours } from './behaviours.ts';
import { openSession } from './client-session.ts';
import { toLoad, type LoadMessage, type LoadOrder } from './load-spec.ts';

/** A load's own process: a real client, told by its parent what to be, and gone when the parent is. */

const report = (message: LoadMessage) => {
  if (process.connected) process.send?.(message);
};

process.once('disconnect', () => process.exit());
// Ctrl-C goes to the whole process group; the parent decides when a load ends.
process.on('SIGINT', () => undefined);

const alarm = new Promise<void>((resolve) => {
  process.on('message', (raw) => {
    const message = toLoad.parse(raw);
    if (message.type === 'alarm') resolve();
    else {
      start(message).catch((error: unknown) => {
        report({ type: 'broken', message: error instanceof Error ? error.message : String(error) });
      });
    }
  });
});

async function start(order: LoadOrder): Promise<void> {
  const client = await clientFor(order.engine);
  await behaviours[order.spec.behaviour]({
    spec: order.spec,
    dialect: client.dialect,
    random: seededRandom(order.seed),
    alarm,
    open: (purpose) => openSession(client, order, purpose, report),
    worked: () => report({ type: 'worked' }),
    ready: () => report({ type: 'ready' }),
  });
}

/** Small and repeatable (mulberry32); nothing here needs more. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
