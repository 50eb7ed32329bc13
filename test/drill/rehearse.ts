import { expect, it } from 'vitest';
import type { DrillResult } from '../../drill/outcome/drill-result.ts';
import { runDrill } from '../../drill/run.ts';
import type { Scenario } from '../../drill/scenario/scenario.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';
import type { ServerChoice } from '../../drill/target/server-choice.ts';

export const POSTGRES_18 = { engine: 'postgres', major: 18 } as const;

/** Scenarios whose whole way another test of this suite goes, on a real server with the real workflow. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'lock-pileup': 'test/drill/command.test.ts',
  approve: 'test/page/approval-page.test.ts',
  deny: 'test/page/approval-page.test.ts',
  observe: 'test/local/commands/respond-modes.test.ts',
  paused: 'test/local/commands/respond-modes.test.ts',
  'pool-misconfiguration': 'test/drill/runbook-stories.test.ts',
  'deadlock-victims': 'test/drill/runbook-stories.test.ts',
  'migration-by-hand': 'test/drill/runbook-stories.test.ts',
  'migration-locks': 'test/drill/runbook-stories.test.ts',
  'half-open-flood': 'test/drill/runbook-stories.test.ts',
  flap: 'test/drill/runbook-stories.test.ts',
};

export function drill(scenario: Scenario, server: ServerChoice = POSTGRES_18, seed = 1): Promise<DrillResult> {
  return runDrill(scenario, {
    server,
    seed,
    onLine: () => undefined,
    show: () => undefined,
    signal: new AbortController().signal,
  });
}

export function unmet({ expected }: DrillResult) {
  return expected.filter(({ ok }) => !ok);
}

/** Scenarios whose clients must be quick to take what comes free: nothing else runs beside them. */
export const STORMS: readonly Scenario[] = SCENARIOS.filter(({ loads }) =>
  loads.some(({ behaviour }) => behaviour === 'storm'),
);

/** Every `of`th scenario, from the `part`th on, counted from 1: files run side by side, the tests of one do not. */
export function rehearseShare(part: number, of: number): void {
  const own = SCENARIOS.filter((scenario) => !(scenario.name in ELSEWHERE) && !STORMS.includes(scenario));
  rehearse(own.filter((_, index) => index % of === part - 1));
}

export function rehearse(scenarios: readonly Scenario[]): void {
  it.each(scenarios)('$name ends as it expects on PostgreSQL 18', async (scenario) => {
    const result = await drill(scenario);
    expect(unmet(result)).toEqual([]);
    expect(result).toMatchObject({ scenario: scenario.name, passed: true, endedInnocent: 0 });
  });
}
