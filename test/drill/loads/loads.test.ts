import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import type { Client, Connection } from '../../../drill/clients/client.ts';
import { clientFor } from '../../../drill/clients/registry.ts';
import { loadSpec, type LoadInput, type LoadSpec } from '../../../drill/loads/load-spec.ts';
import { startLoad, type Load } from '../../../drill/loads/load.ts';
import { connectionLeak } from '../../../drill/scenarios/connection-leak.ts';
import type { DrillServer } from '../../../drill/target/drill-server.ts';
import { startDrillServer } from '../../../drill/target/start-server.ts';
import { tryLogin } from '../../../drill/target/usage-watch.ts';
import { ENGINE_NAMES } from '../../../functions/core/server/snapshot.ts';

const USABLE = 20;
/** For what happens at once where nothing else runs. */
const PATIENCE_MS = 60_000;
const SCENARIO = {
  ...connectionLeak,
  server: { maxConnections: USABLE + 5, superuserReserved: 3, reserved: 2 },
};

/** One user for each kind of login; what a load does is up to the test. */
const USERS = (['ordinary', 'owner', 'superuser', 'replication'] as const).map((login) =>
  aSpec({ user: login, login }),
);

function aSpec(fields: Partial<LoadInput>): LoadSpec {
  return loadSpec.parse({
    name: 'a load',
    behaviour: 'quiet-sessions',
    user: fields.login ?? 'ordinary',
    application: 'app',
    label: 'innocent',
    sessions: 1,
    ...fields,
  });
}

describe.each(ENGINE_NAMES)('loads on %s', (engine) => {
  let server: DrillServer;
  let client: Client;
  let admin: Connection;
  const loads: Load[] = [];

  beforeAll(async () => {
    client = await clientFor(engine);
    server = await startDrillServer(SCENARIO, USERS, engine === 'postgres' ? { engine, major: 18 } : { engine });
    admin = await client.connect({ url: server.adminUrl, application: 'test' });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await Promise.all(loads.splice(0).map((load) => load.stop()));
    // A server does not notice that a client has gone while it works for it.
    const sessions =
      engine === 'postgres'
        ? `SELECT pid AS id FROM pg_stat_activity WHERE usename <> 'postgres'`
        : `SELECT id FROM information_schema.processlist WHERE user IN ('ordinary', 'owner', 'superuser', 'replication')`;
    for (const id of await idsFrom(sessions)) await end(id).catch(() => undefined);
    await vi.waitFor(async () => expect(await server.countUsed()).toBe(2), PATIENCE_MS);
  });

  async function run(fields: Partial<LoadInput>): Promise<Load> {
    const spec = aSpec(fields);
    const load = startLoad(engine, spec, server.urlOf(spec), 1);
    loads.push(load);
    await load.ready;
    return load;
  }

  const end = (id: number) =>
    admin.query(engine === 'postgres' ? `SELECT pg_terminate_backend(${id})` : `KILL CONNECTION ${id}`);
  const cancel = (id: number) =>
    admin.query(engine === 'postgres' ? `SELECT pg_cancel_backend(${id})` : `KILL QUERY ${id}`);
  const idsFrom = async (sql: string) =>
    z
      .array(z.object({ id: z.number() }))
      .parse(await admin.query(sql))
      .map(({ id }) => id);
  const idsOf = (load: Load) => load.tally().sessions.map(({ id }) => id);
  const endsOf = (load: Load) => load.tally().sessions.map((session) => session.end);

  it('fill the server until ordinary clients are refused', async () => {
    const load = await run({ behaviour: 'leaking-app', sessions: 'until-refused' });
    expect(await server.countUsed()).toBeGreaterThanOrEqual(USABLE);
    expect(load.tally().refused).toBeGreaterThan(0);
    expect(await tryLogin(server.choice, server.passerByUrl)).toBe('refused');
    expect(endsOf(load)).not.toContain('lost');
    // A client that has just been refused still holds MySQL's slot beyond the limit for a moment.
    const comesIn = async () => expect(await tryLogin(server.choice, server.adminUrl)).toBe('admitted');
    await vi.waitFor(comesIn, { timeout: PATIENCE_MS, interval: 300 });
  });

  it('notice each session that was ended, under a statement and between two', async () => {
    const idle = await run({ behaviour: 'leaking-app', sessions: 2 });
    const busy = await run({ behaviour: 'runaway-query', sessions: 2 });
    for (const load of [idle, busy]) {
      const [first = 0, second = 0] = idsOf(load);
      await end(second);
      await vi.waitFor(() => expect(endsOf(load)).toEqual(['open', 'lost']), PATIENCE_MS);
      expect(load.tally().cancelled).toEqual([]);
      await end(first);
    }
  });

  it('notice a cancelled query, and leave by themselves then', async () => {
    const load = await run({ behaviour: 'runaway-query', sessions: 2 });
    const ids = idsOf(load);
    await Promise.all(ids.map(cancel));
    await vi.waitFor(() => expect(endsOf(load)).toEqual(['closed', 'closed']), PATIENCE_MS);
    expect(new Set(load.tally().cancelled)).toEqual(new Set(ids));
  });

  it('go on with a stubborn query when it is cancelled, until the session is ended', async () => {
    const load = await run({ behaviour: 'runaway-query', sessions: 2, stubborn: 1 });
    const stubborn =
      engine === 'postgres'
        ? `SELECT pid AS id FROM pg_stat_activity WHERE query LIKE 'DO %'`
        : `SELECT id FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'`;
    await vi.waitFor(async () => expect(await idsFrom(stubborn)).toHaveLength(1), PATIENCE_MS);
    const [id = 0] = await idsFrom(stubborn);
    for (let times = 0; times < 3; times++) {
      await sleep(100);
      await cancel(id);
    }
    await sleep(200);
    expect({ cancelled: load.tally().cancelled, ends: endsOf(load) }).toEqual({
      cancelled: [],
      ends: ['open', 'open'],
    });
    await end(id);
    await vi.waitFor(
      () => expect(load.tally().sessions).toContainEqual(expect.objectContaining({ id, end: 'lost' })),
      PATIENCE_MS,
    );
  });

  it('queue up behind a lock, and go on when its holder is ended', async () => {
    const holder = await run({ behaviour: 'lock-holder' });
    const waiters = await run({ behaviour: 'lock-waiters', sessions: 5 });
    await sleep(300);
    expect(endsOf(waiters)).toEqual(Array(5).fill('open'));
    await end(idsOf(holder)[0] ?? 0);
    await vi.waitFor(() => expect(endsOf(waiters)).toEqual(Array(5).fill('closed')), PATIENCE_MS);
    expect(waiters.tally()).toMatchObject({ worked: 5, errors: {} });
  });

  it.each(['healthy-pool', 'honest-load'] as const)('%s works without an error', async (behaviour) => {
    const load = await run({ behaviour, sessions: 4 });
    const before = load.tally().worked;
    await vi.waitFor(() => expect(load.tally().worked).toBeGreaterThan(before + 8), PATIENCE_MS);
    expect(load.tally().errors).toEqual({});
  });

  it('hold transactions open, and do protected work, without an error', async () => {
    const idle = await run({ behaviour: 'idle-in-transaction', sessions: 8 });
    const work = await run({ behaviour: 'protected-work', sessions: 6 });
    await sleep(300);
    expect([...endsOf(idle), ...endsOf(work)]).toEqual(Array(14).fill('open'));
    // Every fourth transaction has failed, where that leaves it open and failed.
    expect(idle.tally().errors).toEqual(engine === 'postgres' ? { 22012: 2 } : {});
    expect(work.tally().errors).toEqual({});
  });

  it('storm in again and again, idle or at work, until there is room for all of them', async () => {
    const load = await run({
      behaviour: 'storm',
      sessions: USABLE + 5,
      keepMs: 400,
      isBusy: engine === 'mysql',
      retryMs: 100,
    });
    const before = load.tally();
    expect(before.refused).toBeGreaterThan(0);
    await vi.waitFor(() => expect(load.tally().sessions.length).toBeGreaterThan(2 * USABLE), PATIENCE_MS);
    expect(endsOf(load)).not.toContain('lost');
  });

  it('make up at once for what a pool loses, from an instance with a name and, where there are several, an address of its own', async () => {
    const load = await run({ behaviour: 'oversized-pools', application: 'web', instances: 5, sessions: USABLE + 5 });
    const [id = 0] = idsOf(load);
    const opened = load.tally().sessions.length;
    await end(id);
    await vi.waitFor(() => expect(load.tally().sessions.length).toBeGreaterThan(opened), PATIENCE_MS);
    await vi.waitFor(() => expect(endsOf(load).filter((how) => how === 'lost')).toHaveLength(1), PATIENCE_MS);
    const places =
      engine === 'postgres'
        ? `SELECT DISTINCT host(client_addr) || ' ' || application_name AS place FROM pg_stat_activity WHERE usename = 'ordinary'`
        : `SELECT DISTINCT SUBSTRING_INDEX(host, ':', 1) AS place FROM information_schema.processlist WHERE user = 'ordinary'`;
    expect(await admin.query(places)).toHaveLength(process.platform === 'linux' || engine === 'postgres' ? 5 : 1);
  });

  it('deadlock: one is the victim and leaves, the other holds both locks', async () => {
    const load = await run({ behaviour: 'deadlock', sessions: 2 });
    await vi.waitFor(() => expect([...endsOf(load)].sort()).toEqual(['closed', 'open']), PATIENCE_MS);
    expect(Object.keys(load.tally().errors)).toEqual([engine === 'postgres' ? '40P01' : '1213']);
    const waiters = await run({ behaviour: 'lock-waiters', sessions: 2 });
    await sleep(300);
    expect(endsOf(waiters)).toEqual(['open', 'open']);
  });

  it('hold a table while they migrate it', async () => {
    const load = await run({ behaviour: 'migration', login: 'owner' });
    const waiters = await run({ behaviour: 'lock-waiters', sessions: 2 });
    await sleep(300);
    expect([...endsOf(load), ...endsOf(waiters)]).toEqual(['open', 'open', 'open']);
    expect(load.tally().errors).toEqual({});
  });

  it('work through the chunks of a batch job without an error', async () => {
    const load = await run({ behaviour: 'batch-job', sessions: 3 });
    await vi.waitFor(() => expect(load.tally().worked).toBeGreaterThan(3), PATIENCE_MS);
    expect(load.tally().errors).toEqual({});
  });

  it('take every slot without ever becoming a session', async () => {
    const load = await run({ behaviour: 'half-open-flood', sessions: 'until-refused' });
    expect(await tryLogin(server.choice, server.passerByUrl)).toBe('refused');
    expect(load.tally()).toMatchObject({ sessions: [] });
    expect(load.tally().refused).toBeGreaterThanOrEqual(2);
  });

  it('follow the server as a standby does', async () => {
    const load = await run({ behaviour: 'replication', user: 'replication', login: 'replication' });
    const [id = 0] = idsOf(load);
    const senders =
      engine === 'postgres'
        ? `SELECT pid AS id FROM pg_stat_replication`
        : `SELECT id FROM information_schema.processlist WHERE command = 'Binlog Dump'`;
    await vi.waitFor(async () => expect(await admin.query(senders)).toEqual([{ id }]), PATIENCE_MS);
    await sleep(300);
    expect(endsOf(load)).toEqual(['open']);
    await end(id);
    await vi.waitFor(() => expect(endsOf(load)).toEqual(['lost']), PATIENCE_MS);
  });

  it('close what they promised to close when the alarm goes off', async () => {
    const load = await run({ sessions: 3, user: 'superuser', login: 'superuser', leaveAfterAlarmMs: 50 });
    load.alarm();
    await vi.waitFor(() => expect(endsOf(load)).toEqual(['closed', 'closed', 'closed']), PATIENCE_MS);
  });

  it('break when a login fails for another reason than want of slots', async () => {
    const load = startLoad(engine, aSpec({}), server.passerByUrl.replace(/:[^:@]+@/, ':wrong@'), 1);
    loads.push(load);
    await expect(load.ready).rejects.toThrow('load "a load" broke');
  });
});
