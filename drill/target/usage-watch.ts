import { setTimeout as sleep } from 'node:timers/promises';
import { clientFor } from '../clients/registry.ts';
import type { ServerChoice } from './server-choice.ts';
import type { DrillServer } from './shop.ts';

/** One look at the server by the drill's own eyes, which Headroom knows nothing of. */
export interface Look {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Slots taken. */
  readonly used: number;
  /** What an ordinary client met when it last knocked. */
  readonly door: 'open' | 'refused' | 'unknown';
}

export interface Watch {
  /** Looks every half second until it is stopped. May be called again. */
  start(): void;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 500;

/** Tells of each look. */
export function createWatch(
  server: Pick<DrillServer, 'countUsed' | 'passerByUrl' | 'choice'>,
  onLook: (look: Look) => void,
): Watch {
  const stopped = new AbortController();
  const look = async () => {
    const door = await knock(server.choice, server.passerByUrl);
    onLook({ at: Date.now(), used: await server.countUsed(), door });
  };
  let watching: Promise<void> | null = null;
  const watch = async () => {
    while (!stopped.signal.aborted) {
      const next = Date.now() + LOOK_EVERY_MS;
      // A server that restarts or has gone is a gap in the picture, not the end of it.
      await look().catch(() => undefined);
      await sleep(Math.max(0, next - Date.now()), undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  return {
    start() {
      watching ??= watch();
    },
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}

/** Comes in as an ordinary client does, and leaves at once. */
export async function knock({ engine }: ServerChoice, url: string): Promise<Look['door']> {
  const client = await clientFor(engine);
  try {
    const connection = await client.connect({ url, application: 'passer-by' });
    await connection.close();
    return 'open';
  } catch (error) {
    return client.failureOf(error).kind === 'refused' ? 'refused' : 'unknown';
  }
}
