import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { codeOf } from './loads/client-session.ts';
import type { DrillServer } from './drill-server.ts';

/** One look at the server by the drill's own eyes, which Headroom knows nothing of. */
export interface Look {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Client sessions. */
  readonly used: number;
  /** What an ordinary client met when it last knocked. */
  readonly door: 'open' | 'refused' | 'unknown';
}

export interface Watch {
  readonly looks: readonly Look[];
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 500;
const USED = `SELECT count(*)::int AS used FROM pg_stat_activity WHERE backend_type = 'client backend'`;

/** Looks every half second until it is stopped, and tells of each look. */
export function startWatch(
  { eyes, passerByUrl }: Pick<DrillServer, 'eyes' | 'passerByUrl'>,
  onLook: (look: Look) => void,
): Watch {
  const looks: Look[] = [];
  const stopped = new AbortController();
  const look = async () => {
    const door = await knock(passerByUrl);
    const { rows } = await eyes.query<{ used: number }>(USED);
    const seen = { at: Date.now(), used: rows[0]?.used ?? 0, door };
    looks.push(seen);
    onLook(seen);
  };
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const next = Date.now() + LOOK_EVERY_MS;
      // A server that restarts or has gone is a gap in the picture, not the end of it.
      await look().catch(() => undefined);
      await sleep(Math.max(0, next - Date.now()), undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return {
    looks,
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}

/** Comes in as an ordinary client does, and leaves at once. */
export async function knock(url: string): Promise<Look['door']> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'passer-by',
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    return codeOf(error) === '53300' ? 'refused' : 'unknown';
  }
  await client.end();
  return 'open';
}
