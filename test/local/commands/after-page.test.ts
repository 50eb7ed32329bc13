import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { COMPRESSED } from '../../../drill/scenario/scenario.ts';
import { startHeadroom } from '../../support/headroom.ts';
import { eventually } from '../workbench.ts';
import { onStaging } from './on-staging.ts';

const { staging, records, respond, notices, run } = onStaging();

/** The page comes after six seconds; the leak may be ended once it is 45 s old. */
const POLICY = {
  ...COMPRESSED,
  ages: { ...COMPRESSED.ages, idleSeconds: 45, suspectIdleSeconds: 45 },
  loop: { ...COMPRESSED.loop, maxMinutes: 0.1, stayMinutes: 3 },
};
const result = z.looseObject({
  incidentId: z.string(),
  outcome: z.string(),
  ended: z.array(z.looseObject({ tier: z.string() })),
  notifications: z.array(z.looseObject({ notice: z.string() })),
});

describe('after a page', () => {
  it('a run that stays relieves the server as soon as what fills it is old enough', async () => {
    const config = staging().configure({ policy: POLICY });
    await staging().leak();
    const { status, stdout } = await run(['respond', '--stay', '--config', config, '--json', ...records()]);
    const { outcome, ended, notifications } = result.parse(JSON.parse(stdout));
    expect({ status, outcome }).toEqual({ status: 0, outcome: 'relieved' });
    expect(new Set(ended.map(({ tier }) => tier))).toEqual(new Set(['kill-idle']));
    expect(notifications.map(({ notice }) => notice)).toEqual(['opened', 'escalated', 'resolved']);
    expect(notices().at(-1)).toMatch(/relieved after the page/);
  });

  it('a run ends, and one that stays ends when a person closes its incident', async () => {
    const ages = { ...POLICY.ages, idleSeconds: 600, suspectIdleSeconds: 600 };
    const config = staging().configure({ policy: { ...POLICY, ages } });
    await staging().leak();
    const atPage = await respond(config);
    expect(atPage.status).toBe(3);
    expect(result.parse(JSON.parse(atPage.stdout))).toMatchObject({ outcome: 'escalated', ended: [] });

    const staying = startHeadroom(
      ['respond', '--stay', '--config', config, '--json', ...records()],
      staging().environment,
    );
    const [, incidentId = ''] = await staying.said(/incident (\S+) \(opened\)/);
    await staying.said(/StayOpen/);
    const closing = await run(['incidents', 'close', incidentId, '--by', 'ann', '--note', 'moved', ...records()]);
    expect(closing.status).toBe(0);
    const { status, stdout, stderr } = await staying.finished;
    expect({ status, outcome: result.parse(JSON.parse(stdout)).outcome }).toEqual({ status: 3, outcome: 'escalated' });
    expect(stderr).toContain('closed by ann: moved');
    await eventually(() => Promise.resolve(notices().filter((subject) => /needs a person/.test(subject)).length === 2));
    const again = await run(['incidents', 'close', incidentId, ...records()]);
    expect({ status: again.status, stderr: again.stderr }).toMatchObject({ status: 2 });
    expect(again.stderr).toContain('is closed already');
  });
});
