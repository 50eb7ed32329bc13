import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../drill/scenario/scenario.ts';
import { connectionLeak } from '../../drill/scenarios/connection-leak.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';
import { lockPileup } from '../../drill/scenarios/lock-pileup.ts';
import { drill, ELSEWHERE, unmet } from './rehearse.ts';

it.each(Object.entries(ELSEWHERE))('%s is a scenario, and goes its way in %s', (name, file) => {
  expect(SCENARIOS.some((scenario) => scenario.name === name)).toBe(true);
  expect(existsSync(join(import.meta.dirname, '../..', file))).toBe(true);
});

describe.each(['mysql', 'mariadb'] as const)('on %s', (engine) => {
  it.each([connectionLeak, lockPileup])('$name ends as it expects', async (scenario) => {
    const result = await drill(scenario, { engine });
    expect(unmet(result)).toEqual([]);
    expect(result).toMatchObject({ scenario: scenario.name, engine, passed: true, endedInnocent: 0 });
  });
});

it('a server without reserved slots is entered by the warm session', async () => {
  const result = await drill(connectionLeak, { engine: 'postgres', major: 15 });
  expect(unmet(result)).toEqual([]);
  expect(result.admission).toMatchObject({ way: 'warm', reserved: false });
});

it('a drill whose loads do not fill the server is no drill', async () => {
  const roomy: Scenario = { ...lockPileup, loads: lockPileup.loads.slice(0, 1) };
  await expect(drill(roomy)).rejects.toThrow('did not fill the server');
});
