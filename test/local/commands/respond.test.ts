import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CHECKS, type CheckId } from '../../../functions/core/check/finding.ts';
import { runHeadroom, startHeadroom } from '../../support/headroom.ts';
import { startLeakingServer, type LeakingServer } from '../../support/leaking-server.ts';

let staging: LeakingServer;
beforeEach(async () => {
  staging = await startLeakingServer();
});
afterEach(() => staging.stop());

const records = () => ['--records', join(staging.folder, 'records')];
const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  runHeadroom(args, { ...staging.environment, ...environment });
const respond = (config: string, environment: NodeJS.ProcessEnv = {}) =>
  run(['respond', '--config', config, '--json', ...records()], environment);

/** The leak, idle for as long as the compressed policy asks. */
async function leak() {
  const load = await staging.leak();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return load;
}

function noticesOf(): string[] {
  const file = join(staging.folder, 'notices');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => z.looseObject({ subject: z.string() }).parse(JSON.parse(line)).subject);
}

describe('respond', () => {
  it('relieves a full server, tells by command, keeps the record, and finds nothing to do the second time', async () => {
    await leak();
    const config = staging.configure();
    const first = await respond(config);
    expect(first.status).toBe(0);
    const result = z
      .looseObject({ outcome: z.string(), incidentId: z.string(), ended: z.array(z.unknown()) })
      .parse(JSON.parse(first.stdout));
    expect(result).toMatchObject({ outcome: 'relieved', engine: 'postgres', cause: 'connection-leak' });
    expect(result.ended.length).toBeGreaterThan(5);
    expect(noticesOf().map((subject) => /opened|running out|relieved/.test(subject))).toEqual([true, true]);

    const shown = await run(['incidents', 'show', result.incidentId, ...records()]);
    expect(shown.stdout).toContain('relieved');
    const second = await respond(config);
    expect(second.status).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ outcome: 'not-needed', ended: [] });
    const listed = await run(['incidents', 'list', '--json', ...records()]);
    expect(
      z
        .array(z.looseObject({ outcome: z.string() }))
        .parse(JSON.parse(listed.stdout))
        .map(({ outcome }) => outcome),
    ).toEqual(['not-needed', 'relieved']);
  });

  it('with a real-looking AWS profile around it talks to no AWS and no proxy', async () => {
    await leak();
    const reached: string[] = [];
    const trap = createServer((request, response) => {
      reached.push(request.url ?? '');
      response.end();
    });
    trap.on('connect', (request) => reached.push(request.url ?? ''));
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
    const credentials = join(staging.folder, 'credentials');
    writeFileSync(
      credentials,
      '[production]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMIEXAMPLEKEY\n',
    );
    const { status } = await respond(staging.configure(), {
      AWS_PROFILE: 'production',
      AWS_REGION: 'eu-west-1',
      AWS_SHARED_CREDENTIALS_FILE: credentials,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMIEXAMPLEKEY',
      AWS_ENDPOINT_URL: url,
      AWS_ENDPOINT_URL_DYNAMODB: url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
    });
    trap.close();
    expect({ status, reached }).toEqual({ status: 0, reached: [] });
  });

  it('in mode approve ends somebody only when it is told to, and says who said what', async () => {
    const load = await leak();
    const config = staging.configure({ mode: 'approve' });
    const untold = await respond(config);
    expect(untold.status).toBe(3);
    expect(untold.stderr).toContain('denied: nobody can be asked, for this is no terminal; --approve all|none|TIER');
    expect(JSON.parse(untold.stdout)).toMatchObject({ outcome: 'escalated', ended: [] });
    expect(load.tally().sessions.filter(({ end }) => end === 'lost')).toEqual([]);

    const told = await run(['respond', '--config', config, '--json', ...records(), '--approve', 'kill-idle']);
    expect(told.status).toBe(0);
    const { incidentId } = z.looseObject({ incidentId: z.string() }).parse(JSON.parse(told.stdout));
    const shown = await run(['incidents', 'show', incidentId, ...records()]);
    expect(shown.stdout).toMatch(/asked: kill-idle, \d+ sessions: approved by \S+ \(--approve\) at the terminal/);
    expect(noticesOf().filter((subject) => subject.includes('approve kill-idle?'))).toHaveLength(2);
  });

  it('in mode observe, or paused, ends nobody and says what it would have done', async () => {
    const load = await leak();
    const observed = await respond(staging.configure({ mode: 'observe' }));
    expect(observed.status).toBe(0);
    expect(JSON.parse(observed.stdout)).toMatchObject({ outcome: 'observed', ended: [] });
    const paused = await run([
      'pause',
      '--target',
      'staging',
      '--why',
      'a migration runs',
      '--by',
      'ann',
      ...records(),
    ]);
    expect(paused.status).toBe(0);
    const held = await respond(staging.configure());
    expect(JSON.parse(held.stdout)).toMatchObject({ outcome: 'observed', ended: [] });
    expect(load.tally().sessions.filter(({ end }) => end === 'lost')).toEqual([]);
    expect((await run(['resume', '--target', 'staging', ...records()])).status).toBe(0);
    expect(JSON.parse((await respond(staging.configure())).stdout)).toMatchObject({ outcome: 'relieved' });
  });

  it('can be paused from another terminal while it runs, and its records are nobody else’s to run on', async () => {
    await leak();
    const policy = {
      loop: { settleSeconds: 20, holdSeconds: 0 },
      ages: { idleSeconds: 3 },
      caps: { perTierPercent: 10 },
    };
    const config = staging.configure({ policy });
    const started = startHeadroom(['respond', '--config', config, '--json', ...records()], staging.environment);
    await started.said('▶ Settle');
    const paused = await run(['pause', '--target', 'staging', '--why', 'enough for now', ...records()]);
    expect(paused.status).toBe(0);
    const second = await respond(config);
    expect(second).toMatchObject({ status: 4, stdout: '' });
    expect(second.stderr).toContain('another run of Headroom uses the records');
    const { stdout } = await started.finished;
    const { outcome, ended, notifications } = z
      .looseObject({
        outcome: z.string(),
        ended: z.array(z.looseObject({ round: z.number() })),
        notifications: z.array(z.looseObject({ body: z.string() })),
      })
      .parse(JSON.parse(stdout));
    expect(outcome).toBe('observed');
    expect(new Set(ended.map(({ round }) => round))).toEqual(new Set([1]));
    expect(notifications.at(-1)?.body).toContain('enough for now');
  });

  it('on Ctrl-C closes the incident as interrupted, tells a person, and frees the target', async () => {
    await leak();
    const config = staging.configure({ policy: { loop: { settleSeconds: 30 }, ages: { idleSeconds: 3 } } });
    const started = startHeadroom(['respond', '--config', config, '--json', ...records()], staging.environment);
    await started.said('▶ Settle');
    started.interrupt();
    const { status, stdout } = await started.finished;
    expect(status).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', failure: { error: 'interrupted' } });
    expect(noticesOf().at(-1)).toMatch(/CRITICAL.*failed/);
    expect(JSON.parse((await respond(staging.configure())).stdout)).toMatchObject({ outcome: 'not-needed' });
  });

  it('hands a server that is away, or a wrong password, to a person with exit status 3', async () => {
    const config = staging.configure();
    const wrong = staging.server.responderUrl.replace(/:[^:@/]+@/, ':wrong-secret@');
    const refused = await respond(config, { STAGING_URL: wrong });
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('login is refused');
    expect(refused.stdout + refused.stderr).not.toContain('wrong-secret');
    const away = await respond(config, { STAGING_URL: 'postgresql://headroom_responder:x@127.0.0.1:1/postgres' });
    expect(away.status).toBe(3);
    expect(away.stdout).toContain('cannot be reached');
  });

  it('opens nothing for an event of another database', async () => {
    const event = join(staging.folder, 'event.json');
    writeFileSync(event, JSON.stringify({ source: 'aws.rds', detail: {} }));
    const { status, stderr } = await run(['respond', '--config', staging.configure(), '--event', event, ...records()]);
    expect(status).toBe(4);
    expect(stderr).toContain('opened no incident');
  });
});

describe('plan and doctor', () => {
  it('plan gives every session its reason and ends nobody', async () => {
    const load = await leak();
    const { status, stdout } = await run(['plan', '--config', staging.configure(), '--json', ...records()]);
    expect(status).toBe(0);
    const plan = z
      .looseObject({ sessions: z.array(z.looseObject({ reason: z.string().min(1) })).optional() })
      .parse(JSON.parse(stdout));
    expect(JSON.stringify(plan)).toContain('kill-idle');
    expect(load.tally().sessions.filter(({ end }) => end === 'lost')).toEqual([]);
  });

  it('a name with terminal controls and line breaks in it is shown without them', async () => {
    const name = 'evil\u001b[2J\nall clear';
    const { server } = staging;
    await server.asAdmin(`CREATE ROLE ${pg.escapeIdentifier(name)} LOGIN PASSWORD 'x'`);
    const url = new URL(server.adminUrl);
    [url.username, url.password] = [name, 'x'];
    const client = new pg.Client(url.href);
    await client.connect();
    const { stdout } = await run(['plan', '--config', staging.configure(), ...records()]);
    await client.end();
    expect(stdout).toContain('evil·[2J·all clear');
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it('doctor passes a server that is in order, and says what to mend where it is not', async () => {
    const config = staging.configure();
    const well = await run(['doctor', '--config', config]);
    expect({ status: well.status, failed: /✘/.test(well.stdout) }).toEqual({ status: 0, failed: false });
    const { server } = staging;
    await server.asAdmin('REVOKE pg_monitor FROM headroom_responder');
    const ill = await run(['doctor', '--config', config]);
    expect(ill.status).toBe(1);
    expect(ill.stdout).toContain('GRANT pg_monitor TO headroom_responder');
    const { status, stdout } = await run(['doctor', '--config', config, '--json']);
    await server.asAdmin('GRANT pg_monitor TO headroom_responder');
    const report = z
      .strictObject({
        target: z.literal('staging'),
        healthy: z.literal(false),
        findings: z.array(
          z.strictObject({
            id: z.enum(Object.keys(CHECKS) as [CheckId, ...CheckId[]]),
            title: z.string().min(1),
            status: z.enum(['ok', 'warning', 'failed', 'not-reached']),
            detail: z.string().min(1),
            fix: z.string().nullable(),
          }),
        ),
      })
      .parse(JSON.parse(stdout));
    expect(status).toBe(1);
    expect(report.findings.filter((finding) => finding.status === 'failed').map(({ id }) => id)).toEqual([
      'see-sessions',
      'visibility',
    ]);
  });
});
