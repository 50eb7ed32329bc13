import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CHECKS, type CheckId } from '../../../functions/core/check/finding.ts';
import { onStaging } from './on-staging.ts';

const { staging, run, notices } = onStaging();

describe('doctor', () => {
  it('sends a test notice when asked, and says in their words which channels do not take it', async () => {
    const config = staging().configure();
    const away = 'notify:\n  webhook: http://127.0.0.1:12/token';
    writeFileSync(config, readFileSync(config, 'utf8').replace('notify:', away));
    expect((await run(['doctor', '--config', config, '--json'])).status).toBe(0);
    expect(notices()).toEqual([]);
    const { status, stdout } = await run(['doctor', '--config', config, '--notify', '--json']);
    expect(status).toBe(1);
    expect(notices()).toEqual(['[Headroom] staging: test notice']);
    const { findings } = z.object({ findings: z.array(z.looseObject({ id: z.string() })) }).parse(JSON.parse(stdout));
    expect(findings.filter(({ id }) => id === 'notices')).toMatchObject([
      { title: 'notices by notify.command', status: 'ok', fix: null },
      {
        title: 'notices by notify.webhook',
        status: 'failed',
        detail: expect.stringContaining('ECONNREFUSED') as string,
      },
    ]);
    expect(stdout).not.toContain('token');
  });

  it('doctor passes a server that is in order, and says what to mend where it is not', async () => {
    const config = staging().configure();
    const well = await run(['doctor', '--config', config]);
    expect({ status: well.status, failed: /✘/.test(well.stdout) }).toEqual({ status: 0, failed: false });
    const { server } = staging();
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
