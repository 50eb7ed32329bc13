import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { runHeadroom, startHeadroom, type Finished } from '../../support/headroom.ts';
import { runInProcess } from '../../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'headroom-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const GOOD = write(
  'good.yaml',
  `installation: { account: '111122223333', region: eu-west-1 }
targets:
  - { id: staging, engine: postgres, auth: { mode: url, variable: STAGING_URL } }
  - { id: second, engine: postgres, auth: { mode: url, variable: STAGING_URL } }
  - id: production
    engine: postgres
    instance: production
    resourceId: db-ABCDEFGHIJKL
    endpoint: { host: production.abc.eu-west-1.rds.amazonaws.com }
    maxConnections: 100
    network: { vpcId: vpc-0123456789abcdef0, subnetIds: [subnet-0123456789abcdef0] }
`,
);

const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  runInProcess(args, { folder, environment });

async function refused(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await run(args, environment);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr;
}

describe('a command that cannot be carried out as written', () => {
  it('ends the process with status 2, and writes to standard error alone', async () => {
    const { status, stdout, stderr } = await runHeadroom(['sharks']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('unknown command');
  });

  it.each(['respond', 'watch', 'plan', 'doctor'])(
    '%s names every problem of the configuration at once',
    async (command) => {
      const bad = write(
        'bad.yaml',
        'targets:\n  - id: Shop!\n    engine: oracle\n    policy: { triggerPercent: 20 }\n',
      );
      const said = await refused([command, '--config', bad, '--target', 'shop']);
      for (const path of ['targets[0].id', 'targets[0].engine', 'targets[0].policy.triggerPercent']) {
        expect(said).toContain(path);
      }
    },
  );

  it('says when there is no configuration, and shows one that works', async () => {
    const said = await refused(['respond', '--config', join(folder, 'absent.yaml')]);
    expect(said).toContain(`there is no absent.yaml in ${folder}. Name one with --config FILE, or write one:`);
    expect(said).not.toContain('ENOENT');
    const example = said.split('\n').filter((line) => line.startsWith('  '));
    const started = await refused(['respond', '--config', write('example.yaml', example.join('\n'))]);
    expect(started).toContain('SHOP_URL: this environment variable is not set');
  });

  it('says when the configuration is a folder, or has merge keys', async () => {
    expect(await refused(['plan', '--config', folder])).toContain(`${folder} is a folder; --config takes a file`);
    const merged = write(
      'merged.yaml',
      'targets:\n  - &a { id: shop, engine: postgres, auth: { mode: url, variable: X } }\n  - { <<: *a, id: b }\n',
    );
    expect(await refused(['plan', '--config', merged])).toContain('"<<" merge keys are not read; use "defaults:"');
  });

  it('names the targets there are when one is unknown or left out', async () => {
    const known = 'staging, second, production';
    expect(await refused(['respond', '--config', GOOD, '--target', 'shop'])).toContain(known);
    expect(await refused(['plan', '--config', GOOD])).toContain(known);
  });

  it('names the variable that is not set, and repeats nothing of one that is wrong', async () => {
    const args = ['respond', '--config', GOOD, '--target', 'staging'];
    expect(await refused(args)).toContain('STAGING_URL: this environment variable is not set');
    const said = await refused(args, { STAGING_URL: 'postgresql://me:hunter2@host/db?sslmode=disable' });
    expect(said).toContain('query parameters (sslmode)');
    expect(said).not.toContain('hunter2');
  });

  it('says when an event file is no JSON', async () => {
    const event = write('event.json', 'not json');
    const args = ['respond', '--config', GOOD, '--target', 'staging', '--event', event];
    expect(await refused(args, { STAGING_URL: 'postgresql://me:pw@localhost/db' })).toContain('--event');
  });

  it.each([
    [['pause', '--why', 'a move'], 'name one target with --target, or all of them with --all'],
    [['pause', '--why', 'a move', '--all', '--target', 'staging'], 'name one target'],
    [['resume'], 'name one target'],
    [['pause', '--target', 'staging', '--config', GOOD], '--why is missing'],
    [['pause', '--target', 'staging', '--why', 'a move'], 'there is no headroom.yaml in'],
    [['pause', '--why', ' ', '--all'], '--why is missing'],
    [['pause', '--why', 'a move', '--all', '--tier', 'kill-all'], 'Allowed choices are kill-idle'],
    [['pause', '--list', '--target', 'shop', '--config', GOOD], 'no such target'],
    [['pause', '--why', 'a move', '--all', '--for', '1h', '--until', '2099-01-01'], 'not both'],
    [['pause', '--why', 'a move', '--target', 'shop', '--config', GOOD], 'it has staging, second, production'],
    [['pause', '--why', 'a move', '--target', 'staging', '--config', GOOD, '--for', 'ever'], 'such as 90m, 4h or 2d'],
    [['pause', '--why', 'a move', '--all', '--until', '2001-01-01'], 'is in the past'],
    [
      ['cost', '--targets', '0', '--sample-every', '5', '--metrics', 'all'],
      '--targets 0: expected a whole number from 1 to 100000; --sample-every 5: expected a whole number from 10 to 60; --metrics all: expected few or full',
    ],
    [['drill', '--all', '--scenario', 'storm'], '--all and --scenario storm: use one of them'],
    [['end', '--why', 'x'], 'say whose sessions with --user or --application'],
    [['end', '--user', '*', '--why', 'x'], '--user "*": matches every session'],
    [['end', '--user', 'shop', '--client', '10.1.0.0/99', '--why', 'x'], 'is not a network in CIDR form'],
    [['end', '--application', 'a*b', '--why', 'x'], 'a star is allowed at the end only'],
    [['end', '--user', '*'], '--why is missing'],
    [
      ['end', '--aws', '--config', GOOD, '--target', 'production', '--user', 'shop', '--why', 'x'],
      'is in mode observe, and its worker ends nobody',
    ],
    [['end', '--aws', '--config', GOOD, '--target', 'staging', '--user', 'shop', '--why', 'x'], 'STAGING_URL'],
    [
      ['respond', '--config', GOOD, '--target', 'production', '--approve', 'all'],
      'production is on AWS, where people answer at the link in the notice',
    ],
    [['plan', '--config', GOOD, '--target', 'production', '--records', folder], 'and so are its records'],
    [['incidents', 'list', '--aws', '--records', folder], 'use --records or --aws, not both'],
    [['incidents', 'list', '--limit', 'all'], '--limit all: use 1 to 1000'],
    [['incidents', 'list', '--aws'], '--aws needs --config'],
    [['incidents', 'show', 'x', '--records', join(folder, 'absent')], 'no local records here'],
    [['incidents', 'close', 'x', '--records', join(folder, 'absent')], 'no local records here'],
    [
      ['acknowledge', 'x', '--records', join(folder, 'absent')],
      'those of an installation on AWS are found by its configuration: --config FILE',
    ],
    [['limits', 'list', '--target', 'staging', '--records', join(folder, 'absent')], 'no local records here'],
    [['watch', '--config', GOOD, '--every', '2'], '--every 2: use a whole number from 5 to 60'],
    [['watch', '--config', GOOD, '--every', '10s'], '--every 10s: use a whole number'],
    [['watch', '--config', GOOD, '--port', '70000'], '--port 70000: use a whole number from 0 to 65535'],
    [['watch', '--config', GOOD, '--target', 'shop'], 'no such target'],
    [['watch', '--config', GOOD, '--target', 'production'], 'works on AWS only'],
    [['watch', '--config', GOOD], 'STAGING_URL: this environment variable is not set'],
    [['grants', '--engine', 'mysql', '--version', '5.7'], 'use 8.0 or later'],
    [['grants', '--engine', 'mariadb', '--version', '10.5.3'], 'use 10.6 or later'],
    [['grants', '--engine', 'mysql', '--database', 'shop'], '--database is for postgres'],
    [['grants', '--from', '10.%'], '--from is for mysql and mariadb'],
    [['grants', '--auth', 'iam'], 'add --rds'],
    [['grants', '--version', 'latest'], 'use a major version'],
  ])('%j', async (args, words) => {
    expect(await refused(args)).toContain(words);
  });
});

describe('a reader that leaves before the end', () => {
  it.each([['schema'], ['grants', '--json'], ['incidents', 'list', '--records', join(folder, 'absent')], ['sharks']])(
    'gets no stack: %s',
    async (...args) => {
      const started = startHeadroom(args);
      started.leave();
      expect(await started.finished).toMatchObject({ status: args[0] === 'sharks' ? 2 : 0 });
    },
  );
});

describe('a command that only tells', () => {
  it('prints grants with the names that it is given', async () => {
    const { status, stdout } = await run(['grants', '--version', '16.4', '--responder', 'headroom']);
    expect(status).toBe(0);
    expect(stdout).toContain('GRANT pg_use_reserved_connections TO "headroom";');
  });

  it.each([
    ['mysql', 'GRANT CONNECTION_ADMIN ON *.* TO `headroom`@`10.%`;'],
    ['mariadb', 'GRANT CONNECTION ADMIN ON *.* TO `headroom`@`10.%`;'],
  ])('prints grants for %s', async (engine, statement) => {
    const args = ['grants', '--engine', engine, '--responder', 'headroom', '--from', '10.%'];
    const { status, stdout } = await run(args);
    expect(status).toBe(0);
    expect(stdout).toContain(statement);
    const rds = (await run([...args, '--rds'])).stdout;
    expect(rds).toContain('GRANT EXECUTE ON PROCEDURE mysql.rds_kill TO `headroom`@`10.%`;');
    expect(rds).toContain("IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'");
  });

  it('prints other grants for RDS', async () => {
    const { stdout } = await run(['grants', '--version', '15', '--rds', '--json']);
    const { grants } = z
      .object({ grants: z.array(z.object({ sql: z.string().nullable() })) })
      .parse(JSON.parse(stdout));
    expect(grants.map(({ sql }) => sql)).toContain('GRANT rds_iam TO "headroom_responder"');
  });

  it('prints the JSON Schema of the configuration', async () => {
    const { status, stdout } = await runHeadroom(['schema']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('properties.targets');
  });

  it('lists no incidents where there are no records, and makes no folder for it', async () => {
    const records = join(folder, 'untouched');
    const { status, stdout } = await run(['incidents', 'list', '--records', records, '--json']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '[]\n' });
    expect((await run(['incidents', 'list', '--records', records])).stdout).toBe(
      `no incidents in the local records (${records}); those of an installation on AWS are found by its configuration: --config FILE\n`,
    );
    expect(existsSync(records)).toBe(false);
  });
});

it('reckons what the targets of a configuration cost, or others', async () => {
  const costOf = async (...args: string[]) => {
    const { status, stdout } = await run(['cost', '--config', GOOD, '--json', ...args], {});
    expect(status).toBe(0);
    return z
      .object({ totalDollars: z.number(), targets: z.array(z.object({ targets: z.number() })) })
      .parse(JSON.parse(stdout));
  };
  const own = await costOf();
  expect(own.targets).toEqual([{ targets: 3 }]);
  const more = await costOf('--targets', '4', '--metrics', 'full');
  expect(more.totalDollars - own.totalDollars).toBeGreaterThan(4 * 12 * 0.3);
});
