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
    expect(stdout).toContain(
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
    const { stdout } = await run(['plan', '--config', staging().configure(), ...records()]);
    const json = await run(['plan', '--config', staging().configure(), '--json', ...records()]);
    await client.end();
    expect(stdout).toContain('evil·[2J·all·31m·clear');
    for (const shown of [stdout, json.stdout]) expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    // Programs get the name to the letter.
    const users = z
      .looseObject({ spared: z.array(z.looseObject({ user: z.nullable(z.string()) })) })
      .parse(JSON.parse(json.stdout)).spared;
    expect(users.map(({ user }) => user)).toContain(name);
  });
});
