import { setTimeout as sleep } from 'node:timers/promises';
import { pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** While an instance starts there is traffic for all of its pool; then it ebbs away. */
const TRAFFIC_MS = 2_500;
const BUSY_MS = { from: 100, to: 500 } as const;
const QUIET_MS = { from: 2_000, to: 9_000 } as const;
/** A pool replaces what it loses before it is needed. */
const REFILL_MS = { from: 20, to: 150 } as const;
/** A pool that was refused tries again, for as long as it takes. */
const RETRY_MS = { from: 300, to: 700 } as const;
const STEADY_MS = 300;

/**
 * Instances of one application, each with a pool of `sessions` / `instances` connections that it keeps full (minimum
 * idle = maximum size): together more than the server has slots for. Each connection is used again and again, and idle
 * most of the time; a lost one is replaced at once.
 */
export async function oversizedPools(context: LoadContext): Promise<void> {
  const { sessions, instances } = context.spec;
  if (sessions === 'until-refused') throw new Error('pools have a size');
  let untried = sessions;
  let openedAt = Date.now();
  let isRefused = false;
  const keepOne = async (index: number): Promise<never> => {
    for (let tries = 0; ; tries++) {
      const session = await context.open('lies in a pool', index % instances);
      if (tries === 0) untried--;
      if (session === null) {
        isRefused = true;
        await pause(context, RETRY_MS.from, RETRY_MS.to);
        continue;
      }
      openedAt = Date.now();
      await beUsed(context, session);
      await pause(context, REFILL_MS.from, REFILL_MS.to);
    }
  };
  const pools = Array.from({ length: sessions }, (_, index) => keepOne(index));
  while (untried > 0 || !isRefused || Date.now() - openedAt < STEADY_MS) await sleep(50);
  context.ready();
  await Promise.all(pools);
}

/** Again and again, until it is lost. */
async function beUsed(context: LoadContext, session: ClientSession): Promise<void> {
  const quietFrom = Date.now() + TRAFFIC_MS;
  while (session.isAlive()) {
    const customer = Math.floor(context.random() * 1000);
    if ((await session.run('SELECT COUNT(*) FROM orders WHERE customer = ?', [customer])) !== null) context.worked();
    const { from, to } = Date.now() < quietFrom ? BUSY_MS : QUIET_MS;
    await Promise.race([session.over, pause(context, from, to)]);
  }
}
