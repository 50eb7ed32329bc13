import { setTimeout as sleep } from 'node:timers/promises';
import { clientFor } from '../clients/registry.ts';
import type { DrillServer } from './drill-server.ts';
import type { ServerChoice } from './server-choice.ts';

/** What the drill itself sees of the server, beside Headroom. */
export interface UsageReading {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Slots taken. */
  readonly used: number;
  /** How an ordinary client's login ended. */
  readonly login: LoginResult;
}

export type LoginResult = 'admitted' | 'refused' | 'unknown';

export interface UsageWatch {
  /** Reads every half second until it is stopped. May be called again. */
  start(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 500;

export function createUsageWatch(
  server: Pick<DrillServer, 'countUsed' | 'passerByUrl' | 'choice'>,
  onReading: (reading: UsageReading) => void,
): UsageWatch {
  const stopped = new AbortController();
  const read = async () => {
    const login = await tryLogin(server.choice, server.passerByUrl);
    onReading({ at: Date.now(), used: await server.countUsed(), login });
  };
  let watching: Promise<void> | null = null;
  const watch = async () => {
    while (!stopped.signal.aborted) {
      const next = Date.now() + EVERY_MS;
      // A server that restarts or has gone is a gap in the picture, not the end of it.
      await read().catch(() => undefined);
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

/** Logs in as an ordinary client does, and leaves at once. */
export async function tryLogin({ engine }: ServerChoice, url: string): Promise<LoginResult> {
  const client = await clientFor(engine);
  try {
    const connection = await client.connect({ url, application: 'passer-by' });
    await connection.close();
    return 'admitted';
  } catch (error) {
    return client.failureOf(error).kind === 'refused' ? 'refused' : 'unknown';
  }
}
