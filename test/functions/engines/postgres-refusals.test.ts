import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresMajor } from '../../../drill/servers/files/postgres-files.ts';
import type { Refusal } from '../../../functions/core/server/snapshot.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { openPostgresStage, until, type PostgresStage } from './postgres-stage.ts';
import { beRefused, endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

const RESERVED_FOR = 'remaining connection slots are reserved for';
const FULL = 'sorry, too many clients already';

const workers: Worker[] = [];
afterEach(() => workers.splice(0).forEach((worker) => worker.close()));

async function open(stage: PostgresStage, ...rest: [settings?: object, url?: string]): Promise<Worker> {
  const worker = await openWorker(stage, ...rest);
  workers.push(worker);
  return worker;
}

/** How the server refuses an ordinary client, from a worker that is already in. */
async function refusalOfCanary(worker: Worker): Promise<Refusal> {
  const { canary } = await takeSample(worker);
  if (canary.result !== 'refused') throw new Error(`the canary was ${canary.result}`);
  return canary.refusal;
}

/** Every way in which a real server says that there is no slot. */
describe.each<[PostgresMajor, readonly string[]]>([
  [15, [`${RESERVED_FOR} non-replication superuser connections`]],
  [
    18,
    [
      `${RESERVED_FOR} roles with privileges of the "pg_use_reserved_connections" role`,
      `${RESERVED_FOR} roles with the SUPERUSER attribute`,
    ],
  ],
])('PostgreSQL %i', (major, messages) => {
  let stage: PostgresStage;
  beforeAll(async () => {
    stage = await openPostgresStage(major);
    if (major >= 16) await stage.administer('GRANT pg_use_reserved_connections TO other_app');
  });
  afterAll(() => stage.stop());
  afterEach(() => stage.clear());

  test('is full: with the reserves free, without them, and for everybody', async () => {
    const worker = await open(stage);
    await takeSample(worker);
    const heard: Refusal[] = [];
    await stage.fill('app');
    heard.push(await refusalOfCanary(worker));
    if (major >= 16) {
      await stage.fill('other-app');
      heard.push(await refusalOfCanary(worker));
    }
    // A client that has just been refused holds a slot for a moment, so the first time may end one short.
    for (let times = 0; times < 2; times++) await stage.fill('administrator');
    heard.push(await refusalOfCanary(worker));
    expect(heard).toEqual([...messages, FULL].map((message) => ({ kind: 'full', code: '53300', message })));
    // The responder without its warm session hears the last one too.
    expect((await beRefused(await open(stage))).refusal.message).toBe(FULL);
  });

  test('has room, but not for this role or this database', async () => {
    const limited = await stage.limitedUrl(0);
    const ofRole = await beRefused(await open(stage, {}, limited), 3_000);
    expect(ofRole).toMatchObject({
      refusal: { kind: 'consumer-full', code: '53300', message: 'too many connections for role "limited"' },
      attempts: 1,
    });
    await stage.administer('ALTER DATABASE second CONNECTION LIMIT 0');
    const url = stage.withUrl(stage.responderUrl, { database: 'second' });
    expect((await beRefused(await open(stage, {}, url))).refusal).toEqual({
      kind: 'consumer-full',
      code: '53300',
      message: 'too many connections for database "second"',
    });
  });
});

describe('a server that takes no logins now', () => {
  let stage: PostgresStage;
  beforeAll(async () => {
    stage = await openPostgresStage(18);
  });
  afterAll(() => stage.stop());

  test('because it shuts down is “starting”: it will be back, and is waited for', async () => {
    const client = await stage.open();
    const worker = await open(stage);
    // A smart shutdown waits for the client, and refuses all others meanwhile.
    process.kill(postmasterOf(stage), 'SIGTERM');
    await until(async () => (await beRefused(worker).catch(() => null))?.refusal.code === '57P03');
    const refused = await beRefused(worker, 700);
    expect(refused.refusal).toMatchObject({ kind: 'starting', message: 'the database system is shutting down' });
    expect(refused.attempts).toBeGreaterThan(1);
    await client.close();
    await stage.restart();
  });

  test('comes back as a standby: it is seen to be another and read-only, and no old plan reaches it', async () => {
    const worker = await open(stage);
    const client = await stage.open();
    const before = await takeSnapshot(worker);
    const old = victimOf(sessionOf(before, client));
    await stage.administer(`COPY (SELECT '') TO '${join(stage.server.data, 'standby.signal')}'`);
    await stage.restart();

    const after = await takeSnapshot(worker, 5_000);
    expect(before.server.readOnly).toBe(false);
    expect(after.server).toMatchObject({ readOnly: true });
    expect(after.server.identity).not.toBe(before.server.identity);
    expect((await endSessions(worker, [old])).map(({ result }) => result)).toEqual(['gone']);

    // A reader's own sessions can be ended like any others.
    const reader = await stage.open();
    const victim = victimOf(sessionOf(await takeSnapshot(worker), reader));
    expect((await endSessions(worker, [victim])).map(({ result }) => result)).toEqual(['ended']);
    expect(reader.isOpen).toBe(false);
  });
});

function postmasterOf({ server }: PostgresStage): number {
  const pid = Number(readFileSync(join(server.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  if (!Number.isInteger(pid) || pid < 2) throw new Error('postmaster.pid holds no pid');
  return pid;
}
