import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { loadConfig } from '../../../lib/config/config.ts';
import { toTargetSettings } from '../../../lib/config/settings.ts';
import { serveDeployment } from '../../support/a-deployment.ts';
import { everyMessage } from '../../support/every-message.ts';
import { startInstallation, type Installation } from '../../support/installation.ts';
import {
  argumentsOf,
  commandsInCode,
  commandsInMessage,
  commandsInPages,
  isToBeTyped,
  type PrintedCommand,
} from '../../support/printed-commands.ts';
import { parseProgram, unknownIn } from '../../support/program.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation.stop());

async function ok(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await installation.run(args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: expect.any(String) as string });
  return stdout;
}

describe('commands for an installation on AWS need nothing but its configuration', () => {
  it('doctor asks the deployed worker', async () => {
    const report = z
      .object({ target: z.string(), findings: z.array(z.object({ id: z.string(), status: z.string() })) })
      .parse(JSON.parse((await installation.run(['doctor', '--json'])).stdout));
    expect(report.findings).toContainEqual({ id: 'end-sessions', status: 'ok' });
  });

  it('plan asks it too, and counts the pauses of the installation', async () => {
    await ok('pause', '--target', 'staging', '--why', 'a move', '--for', '1h');
    expect(await installation.runtime.store.pauses.on('staging')).toHaveLength(1);
    const plan = await ok('plan');
    expect(plan).toContain('usage');
    expect(plan).toMatch(/paused +staging: paused by .*: a move/);
    expect(await ok('pause', '--list')).toContain('a move');
    await ok('resume', '--target', 'staging');
    expect(await installation.runtime.store.pauses.on('staging')).toEqual([]);
  });

  it('respond hands it an alarm and follows the incident by its record', async () => {
    const { incidentId, outcome } = z
      .object({ incidentId: z.string(), outcome: z.string() })
      .parse(JSON.parse(await ok('respond', '--target', 'staging', '--config', 'prod.yaml', '--json')));
    expect(outcome).toBe('not-needed');
    expect(await ok('incidents', 'list')).toContain(incidentId);
    expect(await ok('incidents', 'show', incidentId)).toContain('headroom respond was started manually');
  });

  it('rehearse sends a made-up alarm through the deployed dispatch, beside whatever is open', async () => {
    const { incidentId, outcome } = z
      .object({ incidentId: z.string(), outcome: z.string() })
      .parse(JSON.parse(await ok('rehearse', '--json')));
    expect(incidentId).toMatch(/^staging_rehearsal-/);
    expect(outcome).toBe('not-needed');
    expect(await ok('incidents', 'show', incidentId)).toContain('a rehearsal, started by');
  });

  it('limits set goes by the deployed worker where the installation looks, and lift puts back what was before', async () => {
    const about = ['--target', 'staging', '--user', 'invoices'];
    const set = ['limits', 'set', ...about, '--limit', '10', '--why', 'it storms', '--yes'];
    const blind = await installation.run(set);
    expect(blind.status).toBe(4);
    expect(blind.stderr).toContain('has not looked at staging for 5 min');
    await installation.runtime.sample('staging');
    const limited = () => installation.staging.server.limitedUsers();
    expect(await ok(...set)).toContain('invoices is limited to 10');
    await installation.runtime.reconcile('staging');
    expect(await limited()).toEqual(['invoices']);
    expect(await ok('limits', 'lift', ...about)).toContain('lifted, as read back');
    expect(await limited()).toEqual([]);
  });

  it('limits and profile read the records there', async () => {
    expect(await ok('limits', 'list', '--target', 'staging')).toContain('no limit on record');
    expect(await ok('profile', '--target', 'staging')).toContain('no profile of staging yet');
  });
});

describe('a member of a cluster that is followed', () => {
  const members = [
    { name: 'staging-1', isWriter: true },
    { name: 'staging-2', isWriter: false },
  ].map((each) => ({ ...each, resourceId: `db-${each.name}`, host: `${each.name}.example.com`, pauses: false }));
  const of = (target: string, ...args: readonly string[]) => [...args, '--config', 'cluster.yaml', '--target', target];
  const WRITER = 'staging/staging-1';

  beforeAll(async () => {
    const { folder, runtime } = installation;
    const one = parse(readFileSync(join(folder, 'headroom.yaml'), 'utf8')) as {
      readonly targets: readonly Record<string, unknown>[];
    };
    const ofInstance = ['instance', 'maxConnections'];
    const cluster = {
      ...Object.fromEntries(Object.entries(one.targets[0] ?? {}).filter(([key]) => !ofInstance.includes(key))),
      cluster: 'staging',
      resourceId: 'cluster-ABCDEFGHIJKLMNOP',
      endpoint: { host: 'staging.cluster-c0ffee00beef.us-east-1.rds.amazonaws.com' },
    };
    writeFileSync(join(folder, 'cluster.yaml'), stringify({ ...one, targets: [cluster] }));
    for (const member of members) await runtime.store.targets.putMember('staging', member, Date.now());
  });
  afterAll(async () => {
    for (const { name } of members) await installation.runtime.store.targets.removeMember('staging', name);
  });

  it.each([
    ['plan'],
    ['doctor'],
    ['rehearse'],
    ['respond'],
    ['end', '--user', 'invoices', '--dry-run'],
    ['pause', '--why', 'a move'],
  ])('%s names the known ones where it is none', async (...args) => {
    const { status, stderr } = await installation.run(of('staging/staging-9', ...args));
    expect(stderr).toContain(
      '--target staging/staging-9: staging has no such member; it has staging/staging-1 (writer), staging/staging-2',
    );
    expect(status).toBe(2);
  });

  it.each([['plan'], ['doctor'], ['end', '--user', 'invoices', '--dry-run'], ['respond']])(
    '%s asks for one of them where only the cluster is named',
    async (...args) => {
      const { status, stderr } = await installation.run(of('staging', ...args));
      expect(stderr).toContain('staging is a cluster; name one of its members; it has staging/staging-1 (writer)');
      expect(status).toBe(2);
    },
  );

  // The one server behind the worker here has no members: it answers a request that names none, and no other.
  it.each([['plan'], ['doctor'], ['end', '--user', 'invoices', '--dry-run']])(
    '%s asks the worker of the cluster about that member',
    async (...args) => {
      const { stderr } = await installation.run(of(WRITER, ...args));
      expect(stderr).toContain('worker headroom-worker-staging crashed (BadRequest)');
    },
  );

  it('doctor --aws asks it about every member, or about the one that is named', async () => {
    const { folder, runtime } = installation;
    const config = loadConfig(join(folder, 'cluster.yaml'));
    const [target] = config.targets;
    if (target === undefined) throw new Error('the configuration has no target');
    const standIn = await serveDeployment({ config, target, others: runtime.endpoints.aws });
    const asked = async (id: string) => {
      const command = of(id, 'doctor', '--aws', '--json');
      const { stdout } = await installation.run(command, { AWS_ENDPOINT_URL: standIn.url });
      const report = z.object({ targets: z.array(z.object({ target: z.string(), error: z.string() })) });
      return report.parse(JSON.parse(stdout)).targets;
    };
    const error = 'worker headroom-worker-staging crashed (BadRequest)';
    try {
      expect(await asked('staging')).toEqual([
        { target: WRITER, error },
        { target: 'staging/staging-2', error },
      ]);
      expect(await asked('staging/staging-2')).toEqual([{ target: 'staging/staging-2', error }]);
    } finally {
      await standIn.stop();
    }
  });

  it('rehearse opens an incident of that member', async () => {
    const { stdout } = await installation.run(of(WRITER, 'rehearse', '--json'));
    const { incidentId } = z.looseObject({ incidentId: z.string() }).parse(JSON.parse(stdout));
    expect(await installation.runtime.store.incidents.byId(incidentId)).toMatchObject({
      target: { id: `${WRITER}_rehearsal`, member: 'staging-1', isCluster: false },
    });
  });

  it('incidents list shows those of the member for it, and for its cluster', async () => {
    const { incidents, targets } = installation.runtime.store;
    const target = (await targets.find(WRITER)) as TargetSettings;
    const alarm = { alarm: 'high', at: 0, reason: '' };
    await incidents.open({ id: 'of-a-member', target, alarm, at: Date.now(), leaseUntil: 0 });
    await incidents.close('of-a-member', { outcome: 'relieved', at: 1, failure: null, notice: null });
    expect(await ok(...of(WRITER, 'incidents', 'list'))).toContain('of-a-member');
    expect(await ok(...of('staging', 'incidents', 'list'))).toContain('of-a-member');
    expect(await ok(...of('staging/staging-2', 'incidents', 'list'))).not.toContain('of-a-member');
  });

  it('pause stops that member alone, or every member of the cluster', async () => {
    const { pauses } = installation.runtime.store;
    await ok(...of(WRITER, 'pause'), '--why', 'a move');
    expect(await pauses.on(WRITER)).toMatchObject([{ targetId: WRITER, why: 'a move' }]);
    expect(await pauses.on('staging/staging-2')).toEqual([]);
    await ok(...of(WRITER, 'resume'));
    await ok(...of('staging', 'pause'), '--why', 'all of it');
    for (const id of [WRITER, 'staging/staging-2']) expect(await pauses.on(id)).toMatchObject([{ why: 'all of it' }]);
    await ok(...of('staging', 'resume'));
    expect(await pauses.on(WRITER)).toEqual([]);
  });

  it('limits and profile are those of the member', async () => {
    expect(await ok(...of(WRITER, 'limits', 'list'))).toContain(`no limit on record for ${WRITER}`);
    expect(await ok(...of(WRITER, 'profile'))).toContain(`no profile of ${WRITER} yet`);
  });
});

describe('a configuration with several installations', () => {
  const both = (first: string, second: string) =>
    ['installations:', ...[first, second].map((entry) => `  - ${entry.trim().replaceAll('\n', '\n    ')}`)].join('\n');

  beforeAll(() => {
    const { folder } = installation;
    const one = parse(readFileSync(join(folder, 'headroom.yaml'), 'utf8')) as {
      readonly installation: object;
      readonly targets: readonly object[];
    };
    const here = { name: 'here', ...one.installation, targets: one.targets };
    const [target] = one.targets;
    const elsewhere = {
      instance: 'orders',
      resourceId: 'db-ZZZZZZZZZZZZZZZZ',
      endpoint: { host: 'orders.example.com' },
    };
    const there = { name: 'there', ...one.installation, prefix: 'there', targets: [{ ...target, ...elsewhere }] };
    const more = {
      ...there,
      targets: [
        ...there.targets,
        { ...target, ...elsewhere, id: 'orders', instance: 'b', resourceId: 'db-YYYYYYYYYYYYYYYY' },
      ],
    };
    writeFileSync(join(folder, 'fleet.yaml'), both(stringify(here), stringify(more)));
  });

  it('lists what all of them have on record in one table, and names those that cannot be read', async () => {
    const { runtime } = installation;
    const alarm = { alarm: 'high', at: 0, reason: '' };
    const settings = toTargetSettings(
      loadConfig(join(installation.folder, 'prod.yaml')),
      loadConfig(join(installation.folder, 'prod.yaml')).targets[0] as never,
    );
    await runtime.store.incidents.open({ id: 'of-here', target: settings, alarm, at: Date.now(), leaseUntil: 0 });
    await runtime.store.incidents.close('of-here', { outcome: 'relieved', at: 1, failure: null, notice: null });
    const { status, stdout, stderr } = await installation.run(['incidents', 'list', '--all', '--config', 'fleet.yaml']);
    expect(stdout).toMatch(/here +│? *111122223333 +│? *us-east-1 +│? *of-here/);
    expect(stderr).toContain(
      'not read: there: not found: is Headroom deployed to account 111122223333, region us-east-1',
    );
    expect(status).toBe(4);
    const { incidents, unread } = z
      .object({ incidents: z.array(z.looseObject({ installation: z.string() })), unread: z.array(z.unknown()) })
      .parse(
        JSON.parse((await installation.run(['incidents', 'list', '--all', '--config', 'fleet.yaml', '--json'])).stdout),
      );
    expect(incidents[0]).toMatchObject({ installation: 'here', incident: { id: 'of-here' } });
    expect(unread).toHaveLength(1);
    expect(await ok('incidents', 'list', '--all')).toContain('of-here');
  });

  it('is one by FILE#NAME, by INSTALLATION/ID, and by an ID that only one has', async () => {
    expect(await ok('incidents', 'list', '--config', 'fleet.yaml#here')).toContain('of-here');
    expect(await ok('profile', '--config', 'fleet.yaml', '--target', 'here/staging')).toContain(
      'no profile of staging',
    );
    await ok('pause', '--config', 'fleet.yaml', '--target', 'here/staging', '--why', 'x');
    expect(await installation.runtime.store.pauses.on('staging')).toMatchObject([{ targetId: 'staging' }]);
    await ok('resume', '--config', 'fleet.yaml#here', '--target', 'staging');
    expect((await installation.run(['plan', '--config', 'fleet.yaml', '--target', 'orders'])).stderr).toContain(
      'is Headroom deployed',
    );
  });

  it.each([
    [['plan', '--target', 'staging'], 'fleet.yaml has several of that name; say which: here/staging or there/staging'],
    [['plan', '--target', 'mars/x'], 'fleet.yaml has no such target; it has here/staging, there/staging, there/orders'],
    [['plan'], 'fleet.yaml has several installations: here, there; name one: fleet.yaml#here'],
    [['incidents', 'show', 'x'], 'fleet.yaml has several installations: here, there; name one: fleet.yaml#here'],
    [['pause', '--all', '--why', 'x'], 'fleet.yaml has several installations: here, there; name one: fleet.yaml#here'],
  ])('leaves no doubt which one is meant: %j', async (command, words) => {
    const { status, stderr } = await installation.run([...command, '--config', 'fleet.yaml']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(words) as string });
  });
});

describe('doctor --aws looks at the whole installation', () => {
  const report = z.object({
    healthy: z.boolean(),
    installation: z.array(
      z.looseObject({ id: z.string(), status: z.string(), detail: z.string(), fix: z.nullable(z.string()) }),
    ),
    targets: z.array(
      z.object({
        target: z.string(),
        healthy: z.boolean(),
        findings: z.array(z.looseObject({ id: z.string(), status: z.string() })),
      }),
    ),
  });

  async function examine() {
    const { folder, runtime } = installation;
    const file = join(folder, 'mailed.yaml');
    const text = readFileSync(join(folder, 'headroom.yaml'), 'utf8');
    writeFileSync(file, `${text}notify: { email: [dba@example.com] }\n`);
    const config = loadConfig(file);
    const target = config.targets[0];
    if (target === undefined) throw new Error('the configuration has no target');
    const standIn = await serveDeployment({ config, target, others: runtime.endpoints.aws });
    try {
      const command = ['doctor', '--aws', '--config', file, '--json'];
      const { status, stdout, stderr } = await installation.run(command, { AWS_ENDPOINT_URL: standIn.url });
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.not.stringContaining('headroom:') as string });
      return report.parse(JSON.parse(stdout));
    } finally {
      await standIn.stop();
    }
  }

  it('from the stacks to the people, and each target by its worker', async () => {
    const { installation: findings, targets, healthy } = await examine();
    expect(findings.map(({ id, status }) => [id, status])).toEqual([
      ['stacks', 'ok'],
      ['version', 'ok'],
      ['functions', 'ok'],
      ['deployed', 'ok'],
      ['permissions', 'ok'],
      ['alarms', 'ok'],
      ['subscriptions', 'ok'],
      ['deliveries', 'ok'],
    ]);
    expect(targets[0]?.findings).toContainEqual(expect.objectContaining({ id: 'end-sessions', status: 'ok' }));
    // The server of this test is not as it would be on RDS.
    expect(healthy).toBe(false);
  });
});

describe('a command that cannot reach the installation', () => {
  it.each([
    [
      { AWS_SECRET_ACCESS_KEY: 'x', AWS_ACCESS_KEY_ID: 'AKIASTRANGER' },
      'no valid AWS credentials: sign in to account 111122223333, region us-east-1',
    ],
  ])('says what to do: %j', async (environment, words) => {
    const { status, stderr } = await installation.run(['incidents', 'list'], environment);
    expect(status).toBe(4);
    expect(stderr).toContain(words);
  });

  it.each([['incidents', 'list'], ['doctor']])('asks whether it is deployed: %s', async (...command) => {
    const file = join(installation.folder, 'other.yaml');
    const config = readFileSync(join(installation.folder, 'headroom.yaml'), 'utf8');
    writeFileSync(file, config.replace('installation:', 'installation:\n  prefix: other'));
    const { status, stderr } = await installation.run([...command, '--config', file]);
    expect(status).toBe(4);
    expect(stderr).toContain('is Headroom deployed to account 111122223333, region us-east-1');
  });

  it('says of a target that was renamed or removed that its stack is still there, and what removes it', async () => {
    const renamed = join(installation.folder, 'renamed.yaml');
    const config = readFileSync(join(installation.folder, 'headroom.yaml'), 'utf8');
    writeFileSync(renamed, config.replace('id: staging', 'id: orders'));
    const { stderr } = await installation.run(['doctor', '--config', renamed]);
    expect(stderr).toContain('staging is not in the configuration, and its stack is still there');
    expect(stderr).toContain(
      'aws cloudformation delete-stack --stack-name headroom-target-staging --region us-east-1\n',
    );
    expect((await installation.run(['doctor'])).stderr).not.toContain('still there');
  });

  it('leaves no doubt whose records it would read', async () => {
    const { status, stderr } = await installation.run(['plan', '--records', '.headroom']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('staging is on AWS') as string });
  });
});

describe('every command that is printed', () => {
  const ID = 'elsewhere-20261121T030005000-a1b2c3';
  const limit = {
    ...{ targetId: 'staging', incidentId: 'closed', user: 'app', account: '"app"', limit: 5, before: null },
    ...{ at: 0, setBy: 0, isSet: true, toldAt: null },
  };
  let settings: TargetSettings;

  beforeAll(async () => {
    const { runtime, folder } = installation;
    const config = loadConfig(join(folder, 'prod.yaml'));
    const [target] = config.targets;
    if (target === undefined) throw new Error('the configuration has no target');
    const commands = { config: 'prod.yaml', records: null };
    settings = toTargetSettings({ ...config, commands }, target);
    const alarm = { alarm: 'high', at: 0, reason: '' };
    const elsewhere = { ...settings, id: 'elsewhere' };
    await runtime.store.incidents.open({ id: ID, target: elsewhere, alarm, at: 0, leaseUntil: 0 });
    const closed = { ...settings, id: 'closed' };
    await runtime.store.incidents.open({ id: 'closed', target: closed, alarm, at: 0, leaseUntil: 0 });
    await runtime.store.incidents.close('closed', { outcome: 'relieved', at: 1, failure: null, notice: null });
  });

  /** Runs it, or parses it where running it takes a server of its own or a person at the terminal. */
  async function carryOut(text: string): Promise<string | null> {
    const args = argumentsOf(text) ?? [];
    if (['drill', 'watch', 'respond'].includes(args[0] ?? '')) return parseProgram(args);
    // It sets a limit where a fleet is looked after; it has tests of its own.
    if (args[0] === 'limits' && args[1] === 'set') return parseProgram(args);
    // They ask services that have no stand-in here, and are carried out in tests of their own.
    if (args[0] === 'discover' || (args[0] === 'doctor' && args.includes('--aws'))) return parseProgram(args);
    const { store } = installation.runtime;
    // None depends on what an earlier one has left.
    for (const pause of await store.pauses.active()) await store.pauses.lift(pause);
    if (args.includes('drop') || args.includes('lift')) await store.limits.record(limit);
    const { status, stderr } = await installation.run(args);
    // The doctor's 1 says that something is not in place: this target is not as it would be on RDS.
    return status === 0 || (args[0] === 'doctor' && status === 1) ? null : `status ${status}: ${stderr}`;
  }

  async function failuresOf(commands: readonly PrintedCommand[]): Promise<string[]> {
    const unique = new Map(commands.map((command) => [command.text, command]));
    const failures: string[] = [];
    for (const { text, where } of unique.values()) {
      const failure = await carryOut(text);
      if (failure !== null) failures.push(`${where}: ${text}: ${failure}`);
    }
    return failures;
  }

  it('in a notice is what its reader must type, and works as it stands', async () => {
    const incident = await installation.runtime.store.incidents.byId(ID);
    if (incident === null) throw new Error('the incident is not on record');
    const paged = { ...incident, outcome: 'escalated' } as const;
    const messages = everyMessage(settings, paged, limit);
    const commands = messages.flatMap(({ subject, body, json }) => [
      ...commandsInMessage(subject, body),
      ...commandsInMessage(subject, JSON.stringify(json).replaceAll('\\"', '"').replaceAll('"', '\n')),
    ]);
    const names = new Set(commands.map(({ text }) => argumentsOf(text)?.[0]));
    expect([...names].sort()).toEqual([
      'acknowledge',
      'doctor',
      'grants',
      'incidents',
      'limits',
      'pause',
      'plan',
      'respond',
      'resume',
    ]);
    expect(commands.filter(({ text }) => !/^npx --no headroom .* --config prod\.yaml/.test(text))).toEqual([]);
    expect(await failuresOf(commands)).toEqual([]);
  });

  it('on a page works as it stands, with a real name in the place of one that stands for it', async () => {
    const ours = commandsInPages().filter(({ text }) => argumentsOf(text) !== null);
    expect(ours.length).toBeGreaterThan(50);
    expect(ours.filter(({ text }) => isToBeTyped(text) && !text.startsWith('npx --no '))).toEqual([]);
    const typed = ours.filter(({ text }) => text.startsWith('npx --no '));
    expect(await carryOut(`npx --no headroom top --target staging --record ${recording}`)).toBeNull();
    const filled = typed.map(({ where, text }) => ({ where, text: withRealNames(text) }));
    expect(await failuresOf(filled)).toEqual([]);
    const named = ours.filter(({ text }) => !isToBeTyped(text));
    expect(named.flatMap(({ where, text }) => unknownIn(text).map((words) => `${where}: ${text}: ${words}`))).toEqual(
      [],
    );
  });

  it('in the code is one that there is, with options that it has', () => {
    const commands = commandsInCode();
    expect(commands.length).toBeGreaterThan(20);
    const wrong = commands.flatMap(({ where, text }) => unknownIn(text).map((words) => `${where}: ${text}: ${words}`));
    expect(wrong).toEqual([]);
  });

  const recordings = mkdtempSync(join(tmpdir(), 'headroom-recordings-'));
  afterAll(() => rmSync(recordings, { recursive: true }));
  const recording = join(recordings, 'top.jsonl');

  const withRealNames = (text: string): string =>
    text
      .replace(/(incidents (?:show|close|report)|acknowledge) ID/, `$1 ${ID}`)
      .replace(/--target (NAME|ID|orders)/, '--target staging')
      .replace('--user USER', '--user app')
      .replace('--replay FILE', `--replay ${recording}`)
      .replace(/2026-\d\d-\d\dT/, '2099-01-01T');
});

it('end orders the deployed worker to end sessions, and the installation has it on record', async () => {
  const { staging, runtime } = installation;
  // Among the commands of the pages is one that pauses everything.
  await installation.run(['resume', '--all']);
  const load = await staging.leak();
  const { status, stdout, stderr } = await installation.run([
    ...['end', '--user', 'invoices', '--application', 'invoice-export', '--no-cap', '--active'],
    ...['--why', 'it leaks', '--yes', '--json'],
  ]);
  // The worker keeps to its shares, whatever --no-cap says: some may be left.
  expect([0, 3], stdout + stderr).toContain(status);
  const { incidentId } = z.looseObject({ incidentId: z.string() }).parse(JSON.parse(stdout));
  const incident = await runtime.store.incidents.byId(incidentId);
  expect(incident).toMatchObject({ outcome: 'done', call: { why: 'it leaks' } });
  expect(incident?.endedCount).toBeGreaterThan(0);
  const lost = () => load.tally().sessions.filter(({ end }) => end === 'lost').length;
  await expect.poll(lost).toBe(incident?.endedCount);
});

it('the statements of the page that remove the logins leave nothing of them', async () => {
  const { server } = installation.staging;
  const page = readFileSync(join(import.meta.dirname, '../../../docs/uninstall.md'), 'utf8');
  const [, statements = ''] = /```sql\n([^]*?)```/.exec(page) ?? [];
  const database = new URL(server.responderUrl).pathname.slice(1);
  await server.asAdmin(statements.replace('ON DATABASE postgres', `ON DATABASE "${database}"`));
  await expect(server.asAdmin('ALTER ROLE headroom_responder NOLOGIN')).rejects.toThrow('does not exist');
  await expect(server.asAdmin('ALTER ROLE headroom_canary NOLOGIN')).rejects.toThrow('does not exist');
});
