import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createLogins, startPostgres } from '../../../drill/servers/postgres.ts';

const MODULE = join(import.meta.dirname, '../../../drill/servers/postgres.ts');

async function ask(url: string, sql: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>(sql);
    return String(Object.values(rows[0] ?? {})[0]);
  } finally {
    await client.end();
  }
}

test.each([15, 16, 17, 18] as const)(
  'PostgreSQL %d starts as asked, restarts on its port and leaves nothing',
  async (major) => {
    const server = await startPostgres({ major, maxConnections: 12, settings: { work_mem: '5MB' } });
    expect(await ask(server.adminUrl, 'SHOW server_version')).toMatch(new RegExp(`^${major}\\.`));
    expect(await ask(server.adminUrl, 'SHOW max_connections')).toBe('12');
    expect(await ask(server.adminUrl, 'SHOW work_mem')).toBe('5MB');
    const started = await ask(server.adminUrl, 'SELECT pg_postmaster_start_time()::text');
    await server.restart('fast');
    await server.restart('immediate');
    expect(await ask(server.adminUrl, 'SELECT pg_postmaster_start_time()::text')).not.toBe(started);
    expect(server.log()).toContain('database system was not properly shut down');
    await server.stop();
    await server.stop();
    expect(existsSync(dirname(server.data))).toBe(false);
    expect(server.log()).toContain('database system is shut down');
  },
);

test('every login needs its password', async () => {
  const server = await startPostgres();
  const { responderUrl, canaryUrl } = await createLogins(server);
  expect(await ask(responderUrl, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`)).toBe('false');
  expect(await ask(canaryUrl, 'SELECT current_user')).toBe('headroom_canary');
  for (const url of [server.adminUrl, responderUrl, canaryUrl]) {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  }
  await server.stop();
});

test('a server that cannot start says why', async () => {
  const start = startPostgres({ settings: { no_such_setting: '1' } });
  await expect(start).rejects.toThrow(/did not start.*\n.*no_such_setting/);
});

test('a server ends with the process that started it, even when that is killed outright', async () => {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(MODULE)});
    console.log((await startPostgres()).adminUrl);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(child.stdout, 'data')) as [Buffer];
  expect(await ask(url.toString().trim(), 'SELECT 1')).toBe('1');
  child.kill('SIGKILL');
  await sleep(500);
  await expect(ask(url.toString().trim(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
