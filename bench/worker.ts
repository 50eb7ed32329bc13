import { SCHEMA } from '../functions/core/protocol/schema.ts';
import type { Session } from '../functions/core/server/session.ts';
import { createWorker, type Worker } from '../functions/worker/worker.ts';
import { middle } from './median.ts';
import { BED_USER, openBed, workerSettingsOf, type Bed } from './servers/beds.ts';
import { printTable } from './table.ts';

const SNAPSHOT_RUNS = 15;
const KILL_RUNS = 5;
/** What one tier may end at once. */
const KILL_SHARE = 0.3;

/**
 * The worker against SQL typed by a person, in the same run: a snapshot (without the canary's login) against its own
 * two statements on PostgreSQL, where the aim is at most 1.3 times, and against SHOW PROCESSLIST and INNODB_TRX on
 * MySQL and MariaDB, which return much less; and ending 30% of the sessions against ending them unguarded and waiting
 * until they are gone.
 */
export async function benchWorker(): Promise<void> {
  for (const engine of ['postgres', 'mysql', 'mariadb'] as const) {
    const rows: string[][] = [];
    let title = '';
    for (const count of [100, 1_000]) {
      const bed = await openBed(engine, count);
      const worker = await createWorker(workerSettingsOf(bed), { env: { RESPONDER: bed.responderUrl }, folder: '/' });
      title = bed.title;
      try {
        rows.push(['snapshot', String(count), ...(await compareSnapshots(bed, worker))]);
        rows.push(['end 30%', String(count), ...(await compareKills(bed, worker))]);
      } finally {
        worker.close();
        await bed.close();
      }
    }
    printTable(
      `The worker on ${title}`,
      ['what', 'sessions', 'worker ms', 'manually ms', 'worker / manually', 'ms a session ended'],
      rows,
    );
  }
}

async function compareSnapshots(bed: Bed, worker: Worker): Promise<string[]> {
  const ours: number[] = [];
  const manually: number[] = [];
  for (let run = 0; run < SNAPSHOT_RUNS; run++) {
    ours.push(await timed(() => snapshotOf(worker)));
    manually.push(await timed(() => bed.snapshotManually()));
  }
  return [...compared(ours, manually), ''];
}

async function compareKills(bed: Bed, worker: Worker): Promise<string[]> {
  const ours: number[] = [];
  const manually: number[] = [];
  let ended = 0;
  for (let run = 0; run < KILL_RUNS; run++) {
    await bed.crowd.refill();
    const idle = (await snapshotOf(worker)).filter(({ user }) => user === BED_USER);
    const victims = idle.slice(0, Math.ceil(idle.length * KILL_SHARE));
    ended = victims.length;
    ours.push(await timed(() => endByWorker(worker, victims)));
    await bed.crowd.refill();
    manually.push(await timed(() => bed.endManually(victims.length)));
  }
  return [...compared(ours, manually), (middle(ours) / ended).toFixed(2)];
}

async function snapshotOf(worker: Worker): Promise<readonly Session[]> {
  const answer = await worker.answer({
    schema: SCHEMA,
    kind: 'snapshot',
    deadline: Date.now() + 30_000,
    patienceMs: 0,
  });
  if (!answer.ok || !('snapshot' in answer)) throw new Error(`no snapshot: ${JSON.stringify(answer).slice(0, 200)}`);
  return answer.snapshot.sessions;
}

async function endByWorker(worker: Worker, victims: readonly Session[]): Promise<void> {
  const answer = await worker.answer({
    schema: SCHEMA,
    kind: 'end',
    deadline: Date.now() + 30_000,
    graceMs: 0,
    victims: victims.map(({ identity }) => ({
      identity,
      method: 'terminate',
      expect: {
        state: 'idle',
        minStateMs: 0,
        transactionMark: null,
        queryMark: null,
        blocksOthers: false,
        holdsNothing: true,
      },
    })),
  });
  const isDone = answer.ok && 'endings' in answer && answer.endings.every(({ result }) => result === 'ended');
  if (!isDone) throw new Error(`not all ended: ${JSON.stringify(answer).slice(0, 200)}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function compared(ours: readonly number[], manually: readonly number[]): string[] {
  return [middle(ours).toFixed(1), middle(manually).toFixed(1), (middle(ours) / middle(manually)).toFixed(2)];
}
