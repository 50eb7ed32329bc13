import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { createWorker, type Worker } from '../../functions/worker/worker.ts';
import { BED_USER, openBed, workerSettingsOf, type Bed } from '../servers/beds.ts';
import { printTable } from '../table.ts';
import { endIdle, snapshotOf, timed } from './orders.ts';

const SESSIONS = 1_000;
/** What one tier may end at once. */
const VICTIMS = 300;
const RUNS = 4;
/** A session that was used since is no longer as old as ordered. */
const IDLE_MS = 2_000;
/** Sessions in one order; the worker may divide it further. */
const ORDERS = [1, 10, 100, VICTIMS];

/** Ends all these sessions in some way. */
type Way = (bed: Bed, worker: Worker) => Promise<unknown>;

/**
 * Sessions that begin a transaction while an order to end them is carried out, and are ended after they were answered
 * in it: of 1,000 idle sessions, each of which begins one at a moment of its own within the time that ending 300 takes.
 * By the worker, in orders of different size, and by what a person types.
 */
export async function benchMoment(): Promise<void> {
  for (const engine of ['postgres', 'mysql', 'mariadb'] as const) await benchEngine(engine);
}

async function benchEngine(engine: EngineName): Promise<void> {
  const bed = await openBed(engine, SESSIONS);
  const worker = await createWorker(
    workerSettingsOf(bed),
    { env: { RESPONDER: bed.responderUrl }, folder: '/' },
    engineEntry(engine),
  );
  const rows: string[][] = [];
  try {
    for (const size of ORDERS) {
      rows.push([`worker, orders of ${size}`, ...(await measure(bed, worker, endInOrdersOf(size)))]);
    }
    rows.push(['manually', ...(await measure(bed, worker, () => bed.endManually(VICTIMS)))]);
  } finally {
    worker.close();
    await bed.close();
  }
  const head = ['what', 'answered in a new transaction', 'ended after that', 'latest, ms after', 'ms a session'];
  printTable(`The moment of ending on ${bed.title}, ${VICTIMS} of ${SESSIONS} sessions, ${RUNS} times`, head, rows);
}

function endInOrdersOf(size: number): Way {
  return async (_, worker) => {
    const victims = (await snapshotOf(worker)).filter(({ user }) => user === BED_USER).slice(0, VICTIMS);
    for (let first = 0; first < victims.length; first += size) {
      await endIdle(worker, victims.slice(first, first + size), IDLE_MS);
    }
  };
}

/** Ends once while nobody begins, to see how long that takes, and then while everybody does. */
async function measure(bed: Bed, worker: Worker, end: Way): Promise<string[]> {
  const sum = { answered: 0, ended: 0, latestMs: 0 };
  await beIdle(bed);
  const allMs = await timed(() => end(bed, worker));
  for (let run = 0; run < RUNS; run++) {
    await beIdle(bed);
    bed.crowd.beginWithin(allMs);
    await end(bed, worker);
    const { answered, ended, latestMs } = await bed.crowd.reportBegun();
    sum.answered += answered;
    sum.ended += ended;
    sum.latestMs = Math.max(sum.latestMs, latestMs);
  }
  const latest = sum.ended === 0 ? '' : sum.latestMs.toFixed(1);
  return [String(sum.answered), String(sum.ended), latest, (allMs / VICTIMS).toFixed(2)];
}

/** MariaDB without performance_schema shows whole seconds. */
async function beIdle(bed: Bed): Promise<void> {
  await bed.crowd.refill();
  await sleep(IDLE_MS + 1_500);
}
