import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { Ending } from '../../functions/core/protocol/worker.ts';
import type { Session } from '../../functions/core/server/session.ts';
import type { Worker } from '../../functions/worker/worker.ts';

const FOR_MS = 60_000;

export async function snapshotOf(worker: Worker): Promise<readonly Session[]> {
  const answer = await worker.answer({
    schema: SCHEMA,
    kind: 'snapshot',
    deadline: Date.now() + FOR_MS,
    patienceMs: 0,
  });
  if (!answer.ok || !('snapshot' in answer)) throw new Error(`no snapshot: ${JSON.stringify(answer).slice(0, 200)}`);
  return answer.snapshot.sessions;
}

/** Ends those of these sessions that have been idle for so long and hold nothing. */
export async function endIdle(
  worker: Worker,
  victims: readonly Session[],
  minStateMs: number,
): Promise<readonly Ending[]> {
  const answer = await worker.answer({
    schema: SCHEMA,
    kind: 'end',
    deadline: Date.now() + FOR_MS,
    graceMs: 0,
    victims: victims.map(({ identity }) => ({
      identity,
      method: 'terminate',
      expect: {
        state: 'idle',
        minStateMs,
        transactionMark: null,
        queryMark: null,
        blocksOthers: false,
        holdsNothing: true,
      },
    })),
  });
  if (!answer.ok || !('endings' in answer)) throw new Error(`not ended: ${JSON.stringify(answer).slice(0, 200)}`);
  return answer.endings;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
