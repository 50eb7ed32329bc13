import { expect, it, vi } from 'vitest';
import { confusionOf, printMatrix } from '../../../drill/outcome/confusion.ts';
import type { DrillResult } from '../../../drill/outcome/drill-result.ts';
import type { FailedDrill } from '../../../drill/outcome/report.ts';

function drilled(scenario: string, cause: string | null, expected: string): DrillResult {
  const check = {
    name: 'cause',
    expected,
    found: cause ?? 'none',
    ok: expected.split(' or ').includes(cause ?? 'none'),
  };
  const result: Partial<DrillResult> = { scenario, cause, expected: [check], passed: check.ok };
  return result as DrillResult;
}

const FAILED: FailedDrill = { scenario: 'leak', engine: 'mysql', seed: 3, passed: false, error: 'no server' };

const RESULTS = [
  drilled('leak', 'connection-leak', 'connection-leak'),
  drilled('leak', 'pool-oversubscription', 'connection-leak'),
  FAILED,
  drilled('storm', 'connection-leak', 'connection-leak or pool-oversubscription'),
  drilled('locked-out', null, 'none'),
];

it('counts the causes found for each scenario, and how many drills went as expected', () => {
  expect(confusionOf(RESULTS)).toEqual([
    {
      scenario: 'leak',
      drills: 3,
      asExpected: 1,
      causes: { 'connection-leak': 1, 'pool-oversubscription': 1, 'not held': 1 },
      expected: ['connection-leak'],
    },
    {
      scenario: 'storm',
      drills: 1,
      asExpected: 1,
      causes: { 'connection-leak': 1 },
      expected: ['connection-leak', 'pool-oversubscription'],
    },
    { scenario: 'locked-out', drills: 1, asExpected: 1, causes: { none: 1 }, expected: ['none'] },
  ]);
});

it('prints expected causes in brackets, and the sum', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  printMatrix(confusionOf(RESULTS));
  const said = write.mock.calls.map(([text]) => String(text)).join('');
  write.mockRestore();
  expect(said).toMatch(/leak +│ \[1\] +│ · +│ 1 +│ 1 +│ 1 of 3/);
  expect(said).toContain('3 of 5 drills went as expected');
});
