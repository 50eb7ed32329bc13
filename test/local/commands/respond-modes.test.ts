import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { argumentsOf } from '../../support/printed-commands.ts';
import { onStaging } from './on-staging.ts';

const { staging, leak, records, run, respond, notices } = onStaging();

describe('respond', () => {
  it('in mode approve ends somebody only when it is told to, and says who said what', async () => {
    const load = await leak();
    const config = staging().configure({ mode: 'approve' });
    const untold = await respond(config);
    expect(untold.status).toBe(3);
    expect(untold.stderr).toContain('denied: there is no terminal to ask at; --approve all|none|TIER');
    expect(JSON.parse(untold.stdout)).toMatchObject({ outcome: 'escalated', ended: [] });
    expect(load.tally().sessions.filter(({ end }) => end === 'lost')).toEqual([]);

    const told = await run(['respond', '--config', config, '--json', ...records(), '--approve', 'kill-idle']);
    expect(told.status).toBe(0);
    const { notifications } = z
      .looseObject({ notifications: z.array(z.looseObject({ body: z.string() })) })
      .parse(JSON.parse(told.stdout));
    // As the notice prints it: these records are not where they would be looked for.
    const printed = /Details +(.*)/.exec(notifications.at(-1)?.body ?? '')?.[1] ?? '';
    expect(printed).toContain(' --records ');
    const shown = await run(argumentsOf(printed) ?? []);
    expect(shown.stdout).toMatch(/asked: kill-idle, \d+ sessions: approved by \S+ \(--approve\) at the terminal/);
    expect(notices().filter((subject) => subject.includes('your answer is needed'))).toHaveLength(2);
  });

  it('in mode observe, or paused, ends nobody and says what it would have done', async () => {
    const load = await leak();
    const observed = await respond(staging().configure({ mode: 'observe' }));
    expect(observed.status).toBe(0);
    expect(JSON.parse(observed.stdout)).toMatchObject({ outcome: 'observed', ended: [] });
    const paused = await run([
      'pause',
      '--target',
      'staging',
      '--config',
      staging().configure(),
      '--why',
      'a migration runs',
      '--by',
      'ann',
      ...records(),
    ]);
    expect(paused.status).toBe(0);
    const held = await respond(staging().configure());
    expect(JSON.parse(held.stdout)).toMatchObject({ outcome: 'observed', ended: [] });
    expect(load.tally().sessions.filter(({ end }) => end === 'lost')).toEqual([]);
    expect((await run(['resume', '--target', 'staging', ...records()])).status).toBe(0);
    expect(JSON.parse((await respond(staging().configure())).stdout)).toMatchObject({ outcome: 'relieved' });
  });
});
