import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

/** Idle sessions of one login. */
export interface Crowd {
  /** Opens as many as are missing. */
  refill(): Promise<void>;
  stop(): Promise<void>;
}

export function startCrowd(engine: EngineName, url: string, count: number): Crowd {
  const child = fork(fileURLToPath(new URL('crowd-process.ts', import.meta.url)), { env: {}, execArgv: [] });
  return {
    async refill() {
      child.send({ engine, url, count });
      await once(child, 'message');
    },
    async stop() {
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
