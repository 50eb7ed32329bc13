import type { Session } from '../../functions/core/server/session.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { createWorker, type Worker } from '../../functions/worker/worker.ts';
import { middle } from '../median.ts';
import { BED_USER, openBed, workerSettingsOf, type Bed } from '../servers/beds.ts';
import { printTable } from '../table.ts';
import { endIdle, snapshotOf, timed } from './orders.ts';

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
      const worker = await createWorker(
        workerSettingsOf(bed),
        { env: { RESPONDER: bed.responderUrl }, folder: '/' },
        engineEntry(engine),
      );
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
    ours.push(await timed(() => endAll(worker, victims)));
    await bed.crowd.refill();
    manually.push(await timed(() => bed.endManually(victims.length)));
  }
  return [...compared(ours, manually), (middle(ours) / ended).toFixed(2)];
}

async function endAll(worker: Worker, victims: readonly Session[]): Promise<void> {
  const left = (await endIdle(worker, victims, 0)).filter(({ result }) => result !== 'ended');
  if (left.length > 0) throw new Error(`not all ended: ${JSON.stringify(left).slice(0, 200)}`);
}

function compared(ours: readonly number[], manually: readonly number[]): string[] {
  return [middle(ours).toFixed(1), middle(manually).toFixed(1), (middle(ours) / middle(manually)).toFixed(2)];
}
