import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { makeAlarmEvent } from '../../../functions/core/protocol/alarm-event.ts';
import { toTargetSettings } from '../../../lib/config/settings.ts';
import { findTarget } from '../../../local/options/configured-target.ts';
import { onStaging } from './on-staging.ts';

const { staging, leak, records, run, respond, notices } = onStaging();

describe('respond', () => {
  it('relieves a full server, tells by command, keeps the record, and finds nothing to do the second time', async () => {
    await leak();
    const config = staging().configure();
    const first = await respond(config);
    expect(first.status).toBe(0);
    const result = z
      .looseObject({ outcome: z.string(), incidentId: z.string(), ended: z.array(z.unknown()) })
      .parse(JSON.parse(first.stdout));
    expect(result).toMatchObject({ outcome: 'relieved', engine: 'postgres', cause: 'connection-leak' });
    expect(result.ended.length).toBeGreaterThan(5);
    expect(notices().map((subject) => /opened|running out|relieved/.test(subject))).toEqual([true, true]);

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
    const { stdout: summary } = await run(['incidents', 'summary', '--since', '1h', ...records()]);
    expect(summary).toMatch(/^2 incidents of 1 target from .*: 1 not-needed, 1 relieved/);
    expect(summary).toContain(`Ended     ${result.ended.length} sessions or queries`);
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
    const credentials = join(staging().folder, 'credentials');
    writeFileSync(
      credentials,
      '[production]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMIEXAMPLEKEY\n',
    );
    const { status } = await respond(staging().configure(), {
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

  it('hands a server that is away, or a wrong password, to a person with exit status 3', async () => {
    const config = staging().configure();
    const wrong = staging().server.responderUrl.replace(/:[^:@/]+@/, ':wrong-secret@');
    const refused = await respond(config, { STAGING_URL: wrong });
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('login is refused');
    expect(refused.stdout + refused.stderr).not.toContain('wrong-secret');
    const away = await respond(config, { STAGING_URL: 'postgresql://headroom_responder:x@127.0.0.1:1/postgres' });
    expect(away.status).toBe(3);
    expect(away.stdout).toContain('cannot be reached');
  });

  it('opens nothing for an event that is not its own, and says how to respond to an old one anyway', async () => {
    const config = staging().configure();
    const respondTo = (event: unknown) => {
      const file = join(staging().folder, 'event.json');
      writeFileSync(file, JSON.stringify(event));
      return run(['respond', '--config', config, '--event', file, ...records()]);
    };
    expect(await respondTo({ source: 'aws.rds', 'detail-type': 'RDS DB Instance Event', detail: {} })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('the event "RDS DB Instance Event" of aws.rds') as string,
    });
    expect((await respondTo(null)).stderr).toContain('not an alarm event but nothing (null)');
    // Who names a wrong file is told, and nobody else.
    expect(notices()).toEqual([]);

    const found = findTarget({ config, target: 'staging' });
    const settings = toTargetSettings(found.config, found.target);
    const old = makeAlarmEvent({ settings, at: Date.now() - 3_600_000 });
    expect(await respondTo(old)).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/\(stale\): the event is 60 min old[^]*without --event, respond looks/) as string,
    });
    const another = makeAlarmEvent({ settings, at: Date.now(), alarmName: 'cpu-high' });
    expect(await respondTo(another)).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('opened no incident (refused)') as string,
    });
  });
});
