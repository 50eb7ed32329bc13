import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import * as z from 'zod';
import { drillOne } from '../../drill/command.ts';
import type { DrillResult } from '../../drill/outcome/drill-result.ts';
import type { Scenario } from '../../drill/scenario/scenario.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';
import { lockPileup } from '../../drill/scenarios/lock-pileup.ts';
import { runHeadroom, startHeadroom } from '../support/headroom.ts';
import { runInProcess } from '../support/program.ts';
import { POSTGRES_18, unmet } from './rehearse.ts';

describe('headroom drill', () => {
  it('lists the scenarios with a sentence each', async () => {
    const { status, stdout } = await runInProcess(['drill', '--list'], { folder: tmpdir() });
    expect(status).toBe(0);
    for (const { name, engines, summary } of SCENARIOS) {
      expect(stdout).toMatch(new RegExp(`^${name} +${engines.join(', ')} +${summary}$`, 'm'));
    }
  });

  it.each([
    [['--scenario', 'sharks'], 'connection-leak, idle-in-transaction'],
    [['--engine', 'oracle'], 'Allowed choices are postgres, mysql, mariadb, all'],
    [['--postgres-version', '9'], 'use one of 15, 16, 17, 18'],
    [['--seed', 'often'], 'use a whole number'],
    [['--seeds', '0'], 'use a number from 1 to 100'],
    [['--seed', 'often', '--scenario', 'sharks'], 'use a whole number'],
    [['--sharks'], "unknown option '--sharks'"],
  ])('refuses %j as a usage error, without a stack', async (args, words) => {
    const { status, stdout, stderr } = await runInProcess(['drill', ...args], { folder: tmpdir() });
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
  });

  it('prints one JSON document with every promised field, and nothing else, on standard output', async () => {
    const { status, stdout, stderr } = await runHeadroom(['drill', '--scenario', 'lock-pileup', '--json']);
    const result = z
      .looseObject({
        scenario: z.literal('lock-pileup'),
        engine: z.literal('postgres'),
        serverVersion: z.string().regex(/^18\./),
        outcome: z.literal('relieved'),
        cause: z.literal('lock-contention'),
        evidence: z.array(z.string()).min(1),
        confidence: z.number().min(0).max(1),
        usageBefore: z.number().min(95),
        usageAfter: z.number().max(70),
        reliefSeconds: z.number().positive(),
        firstActionSeconds: z.number().positive(),
        rounds: z.int().positive(),
        ended: z.tuple([
          z.looseObject({
            identity: z.object({ server: z.string(), id: z.int(), incarnation: z.string() }),
            tier: z.literal('break-locks'),
            user: z.literal('support'),
            application: z.literal('psql'),
            reason: z.string().min(1),
          }),
        ]),
        endedInnocent: z.literal(0),
        wayIn: z.string().min(1),
        admission: z.object({
          way: z.enum(['warm', 'first-try', 'retry']),
          reserved: z.boolean(),
          attempts: z.int(),
          refusedAsFull: z.int(),
          waitedMs: z.number(),
        }),
        spared: z.record(z.string(), z.number()),
        incidentId: z.string().min(1),
        notifications: z.array(z.looseObject({ notice: z.string(), subject: z.string() })).min(2),
        expected: z.array(z.object({ name: z.string(), expected: z.string(), found: z.string(), ok: z.literal(true) })),
        passed: z.literal(true),
      })
      .parse(JSON.parse(stdout));
    expect(result.firstActionSeconds).toBeLessThanOrEqual(result.reliefSeconds);
    expect(stderr).toContain('▶ BreakLocks');
    expect(status).toBe(0);
  });

  it('stops what it started when it is interrupted', async () => {
    const drill = startHeadroom(['drill']);
    await drill.said('the leaking application');
    drill.interrupt();
    const { status, stderr } = await drill.finished;
    expect(stderr).toContain('the drill was interrupted');
    expect(status).toBe(4);
  });
});

describe('the exit status of a drill', () => {
  let stdout: MockInstance<typeof process.stdout.write>;
  beforeEach(() => {
    stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is 1 when the wrong session is ended or another outcome comes, and the result says so', async () => {
    const mislabelled: Scenario = {
      ...lockPileup,
      loads: lockPileup.loads.map((load) => ({ ...load, label: 'innocent' as const })),
      expect: { ...lockPileup.expect, outcome: 'escalated' },
    };
    const drill = { scenario: mislabelled, server: POSTGRES_18, seed: 1 };
    expect(await drillOne(drill, { approve: undefined, verbose: false, json: true })).toBe(1);
    const printed = stdout.mock.calls.map(([text]) => String(text));
    const result = JSON.parse(printed.join('')) as DrillResult;
    expect(result).toMatchObject({ passed: false, endedInnocent: 1 });
    expect(unmet(result).map(({ name }) => name)).toEqual(['outcome', 'innocent sessions ended']);
  });
});
