import pg from 'pg';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { onStaging } from './on-staging.ts';

const { staging, leak, records, run } = onStaging();

describe('plan', () => {
  it('plan gives every session its reason and ends nobody', async () => {
    const load = await leak();
    const { status, stdout } = await run(['plan', '--config', staging().configure(), '--json', ...records()]);
    expect(status).toBe(0);
    const plan = z
      .looseObject({ sessions: z.array(z.looseObject({ reason: z.string().min(1) })).optional() })
      .parse(JSON.parse(stdout));
    expect(JSON.stringify(plan)).toContain('kill-idle');
    expect(load.tally().sessions.filter(({ end }) => end === 'lost')).toEqual([]);
  });

  it('plan says what it could not read, and goes on', async () => {
    await staging().server.asAdmin('REVOKE SELECT ON pg_locks FROM PUBLIC');
    const { status, stdout } = await run(['plan', '--config', staging().configure(), ...records()]);
    expect(status).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'not seen the locks that sessions hold could not be read: permission denied for view pg_locks',
    );
  });

  it('a name with terminal controls and line breaks in it is shown without them', async () => {
    const name = 'evil\u001b[2J\nall\u009b31m\u202e\u2066clear';
    const { server } = staging();
    await server.asAdmin(`CREATE ROLE ${pg.escapeIdentifier(name)} LOGIN PASSWORD 'x'`);
    const url = new URL(server.adminUrl);
    [url.username, url.password] = [name, 'x'];
    const client = new pg.Client(url.href);
    await client.connect();
    const plan = ['plan', '--config', staging().configure(), ...records()];
    const { stdout } = await run([...plan, '--verbose']);
    const grouped = await run(plan);
    const json = await run(['plan', '--config', staging().configure(), '--json', ...records()]);
    await client.end();
    expect(stdout).toContain('evil·[2J·all·31m·clear');
    for (const shown of [stdout, grouped.stdout, json.stdout])
      expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    // Programs get the name to the letter.
    const users = z
      .looseObject({ spared: z.array(z.looseObject({ user: z.nullable(z.string()) })) })
      .parse(JSON.parse(json.stdout)).spared;
    expect(users.map(({ user }) => user)).toContain(name);
  });

  it('shows who waits for whom, also behind what is no client session and behind DDL in the queue', async () => {
    const { server } = staging();
    const clients = await Promise.all(
      ['psql', 'web-1', 'looks'].map(async (application) => {
        const url = new URL(server.adminUrl);
        url.searchParams.set('application_name', application);
        const client = new pg.Client(url.href);
        client.on('error', () => undefined);
        await client.connect();
        return client;
      }),
    );
    const [ddl, one, looking] = clients;
    const backend = async (client: pg.Client | undefined) =>
      String((await client?.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))?.rows[0]?.pid);
    const [ddlPid, onePid] = [await backend(ddl), await backend(one)];
    // An autovacuum that takes its time, and that gives way to nobody while the test looks.
    await looking?.query(
      'CREATE TABLE pile AS SELECT n, repeat($$x$$, 500) AS text FROM generate_series(1, 3000) AS n',
    );
    await looking?.query(
      'ALTER TABLE pile SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, ' +
        'autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)',
    );
    await looking?.query('DELETE FROM pile WHERE n % 2 = 0');
    await looking?.query('ALTER SYSTEM SET autovacuum_naptime = 1');
    await looking?.query('SELECT pg_reload_conf()');
    const vacuums = `SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%pile%'`;
    const pidOf = async () => (await looking?.query<{ pid: number }>(vacuums))?.rows[0]?.pid;
    await expect.poll(pidOf, { timeout: 15_000, interval: 100 }).toBeDefined();
    const vacuum = await pidOf();
    await ddl?.query("SET deadlock_timeout = '60s'");
    const blocked = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
    const waiters = async () => (await looking?.query<{ n: number }>(blocked))?.rows[0]?.n;
    const altered = ddl?.query('ALTER TABLE pile ADD more int');
    await expect.poll(waiters).toBe(1);
    const settled = Promise.allSettled([altered, one?.query('SELECT count(*) FROM pile')]);
    await expect.poll(waiters).toBe(2);

    const { stdout } = await run(['plan', '--config', staging().configure(), '--verbose', ...records()]);
    await looking?.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (${ddlPid}, ${onePid})`);
    await settled;
    await Promise.allSettled(clients.map((client) => client.end()));
    const rowOf = (pid: unknown) => stdout.split('\n').find((line) => line.startsWith(`│ ${String(pid)} `));
    expect(rowOf(vacuum)).toContain('autovacuum worker');
    expect(rowOf(ddlPid)).toMatch(new RegExp(`│ ${vacuum} +│`));
    expect(rowOf(onePid)).toMatch(new RegExp(`│ ${ddlPid} +│`));
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `session ${vacuum}, autovacuum worker (no client session) blocks 2 sessions, 1 of them behind session ${ddlPid} of`,
    );
  });
});
