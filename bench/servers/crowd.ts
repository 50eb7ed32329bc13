import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

const begun = z.object({
  /** Sessions that were answered in a new transaction. */
  answered: z.number(),
  /** Those of them that were ended after that. */
  ended: z.number(),
  /** How long after its answer the last of these was ended. */
  latestMs: z.number(),
});

/** Idle sessions of one login. */
export interface Crowd {
  /** Opens as many as are missing. */
  refill(): Promise<void>;
  /** Each session begins a transaction, at a moment of its own within so many milliseconds. */
  beginWithin(ms: number): void;
  /** What became of those transactions. Ends them. */
  reportBegun(): Promise<z.infer<typeof begun>>;
  stop(): Promise<void>;
}

export function startCrowd(engine: EngineName, url: string, count: number): Crowd {
  const child = fork(fileURLToPath(new URL('crowd-process.ts', import.meta.url)), { env: {}, execArgv: [] });
  const ask = async (order: object): Promise<unknown> => {
    child.send(order);
    const [answer] = (await once(child, 'message')) as unknown[];
    return answer;
  };
  return {
    async refill() {
      await ask({ kind: 'fill', engine, url, count });
    },
    beginWithin(withinMs) {
      child.send({ kind: 'begin', engine, withinMs });
    },
    reportBegun: async () => begun.parse(await ask({ kind: 'report' })),
    async stop() {
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
