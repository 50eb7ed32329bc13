import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DrillResult } from '../../drill/result.ts';
import { runDrill } from '../../drill/run.ts';
import { connectionLeak } from '../../drill/scenarios/connection-leak.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';
import { lockPileup } from '../../drill/scenarios/lock-pileup.ts';
import type { Scenario } from '../../drill/scenarios/scenario.ts';
import type { ServerChoice } from '../../drill/server-choice.ts';

const DRILL_MS = 90_000;

const POSTGRES_18 = { engine: 'postgres', major: 18 } as const;

function drill(scenario: Scenario, server: ServerChoice = POSTGRES_18): Promise<DrillResult> {
  return runDrill(scenario, {
    server,
    seed: 1,
    tell: () => undefined,
    show: () => undefined,
    signal: new AbortController().signal,
  });
}

function unmet({ expected }: DrillResult) {
  return expected.filter(({ ok }) => !ok);
}

/** Scenarios whose whole way another test of this suite goes, on a real server with the real workflow. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  approve: 'test/page/approval-page.test.ts',
  deny: 'test/page/approval-page.test.ts',
  observe: 'test/local/commands/respond.test.ts',
  paused: 'test/local/commands/respond.test.ts',
};

it.each(SCENARIOS.filter(({ name }) => !(name in ELSEWHERE)))(
  '$name ends as it expects on PostgreSQL 18',
  { timeout: DRILL_MS },
  async (scenario) => {
    const result = await drill(scenario);
    expect(unmet(result)).toEqual([]);
    expect(result).toMatchObject({ scenario: scenario.name, passed: true, endedInnocent: 0 });
  },
);

it.each(Object.entries(ELSEWHERE))('%s is a scenario, and goes its way in %s', (name, file) => {
  expect(SCENARIOS.some((scenario) => scenario.name === name)).toBe(true);
  expect(existsSync(join(import.meta.dirname, '../..', file))).toBe(true);
});

describe.each(['mysql', 'mariadb'] as const)('on %s', (engine) => {
  it.each([connectionLeak, lockPileup])('$name ends as it expects', { timeout: DRILL_MS }, async (scenario) => {
    const result = await drill(scenario, { engine });
    expect(unmet(result)).toEqual([]);
    expect(result).toMatchObject({ scenario: scenario.name, engine, passed: true, endedInnocent: 0 });
  });
});

it('a server without reserved slots is entered by the warm session', { timeout: DRILL_MS }, async () => {
  const result = await drill(connectionLeak, { engine: 'postgres', major: 15 });
  expect(unmet(result)).toEqual([]);
  expect(result.admission).toMatchObject({ way: 'warm', reserved: false });
});

it('a drill fails when the wrong session is ended or another outcome comes', { timeout: DRILL_MS }, async () => {
  const mislabelled: Scenario = {
    ...lockPileup,
    loads: lockPileup.loads.map((load) => ({ ...load, label: 'innocent' as const })),
    expect: { ...lockPileup.expect, outcome: 'escalated' },
  };
  const result = await drill(mislabelled);
  expect(result).toMatchObject({ passed: false, endedInnocent: 1 });
  expect(unmet(result).map(({ name }) => name)).toEqual(['outcome', 'innocent sessions ended']);
});

it('a drill whose loads do not fill the server is no drill', { timeout: DRILL_MS }, async () => {
  const roomy: Scenario = { ...lockPileup, loads: lockPileup.loads.slice(0, 1) };
  await expect(drill(roomy)).rejects.toThrow('did not fill the server');
});
