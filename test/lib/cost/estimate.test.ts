import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import { estimate, sumOf, type CostLine, type TargetShape } from '../../../lib/cost/estimate.ts';
import { DEFAULT_SHAPE, shapeOf } from '../../../lib/cost/shape.ts';
import { configText } from '../../support/templates.ts';

const fleetOf = (count: number, shape: TargetShape = DEFAULT_SHAPE) =>
  estimate({ targets: Array.from({ length: count }, () => shape), asks: false });
const linesOf = (shape: TargetShape): readonly CostLine[] => fleetOf(1, shape).targets[0]?.lines ?? [];
const dollarsOf = (lines: readonly CostLine[], what: string): number =>
  sumOf(lines.filter((line) => line.what === what));

describe('the cost of a target', () => {
  test('is at most $1.50 a month all in from twelve targets on, and $0.30 beside alarms and metrics', () => {
    const others = linesOf(DEFAULT_SHAPE).filter(({ kind }) => kind === 'calls and records');
    expect(sumOf(others)).toBeLessThanOrEqual(0.3);
    // With its part of what the installation costs, which is the more the fewer share it.
    expect(fleetOf(12).perTargetDollars).toBeLessThanOrEqual(1.5);
  });

  test('grows by $0.30 for each metric, besides what their names take in the log', () => {
    const [few, full] = [linesOf(DEFAULT_SHAPE), linesOf({ ...DEFAULT_SHAPE, metrics: 14 })];
    expect(dollarsOf(full, 'metrics') - dollarsOf(few, 'metrics')).toBeCloseTo(12 * 0.3);
    expect(dollarsOf(full, 'logs')).toBeGreaterThan(dollarsOf(few, 'logs'));
  });

  test('has the sampler running for nearly the whole minute when it samples more than once in it', () => {
    const often = linesOf({ ...DEFAULT_SHAPE, everySeconds: 10 });
    // 50 s of 256 MB in each of 43,800 minutes, at $0.0000133334 a GB and second, and the last sample.
    expect(dollarsOf(often, 'Lambda, the sampler')).toBeGreaterThan(43_800 * 50 * 0.25 * 0.0000133334);
    expect(dollarsOf(often, 'DynamoDB, writes')).toBeGreaterThan(
      5 * dollarsOf(linesOf(DEFAULT_SHAPE), 'DynamoDB, writes'),
    );
  });
});

describe('the cost of an installation', () => {
  test('is that of all its targets and of itself', () => {
    const { targets, installation, totalDollars, perTargetDollars } = fleetOf(7);
    expect(targets).toHaveLength(1);
    expect(totalDollars).toBeCloseTo(7 * sumOf(targets[0]?.lines ?? []) + sumOf(installation));
    expect(perTargetDollars).toBeCloseTo(totalDollars / 7);
  });

  test('has a dashboard only where one is asked for', () => {
    const text = configText().replace('installation: {', 'installation: { dashboard: true,');
    const { installation } = estimate(shapeOf(parseConfig(text, 'headroom.yaml')));
    expect(dollarsOf(installation, 'dashboard')).toBe(3);
    expect(dollarsOf(fleetOf(1).installation, 'dashboard')).toBe(0);
  });

  test('tells its targets apart by what they have', () => {
    const second = configText().split('targets:\n')[1]?.replaceAll('orders', 'billing') ?? '';
    const text = `${configText()}${second}    policy: { sampling: { metrics: full, everySeconds: 20 } }\n`;
    const { targets, asks } = shapeOf(parseConfig(text, 'headroom.yaml'));
    expect(targets).toEqual([DEFAULT_SHAPE, { everySeconds: 20, metrics: 14, endpointSubnets: 0 }]);
    expect(asks).toBe(false);
    expect(estimate({ targets, asks }).targets.map((each) => each.targets)).toEqual([1, 1]);
  });

  test('counts the endpoint in each subnet, and the page where people answer', () => {
    const secret = `    auth: { mode: secret, secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf', secretsAccess: endpoint }\n    mode: approve\n`;
    const shape = shapeOf(parseConfig(configText(secret), 'headroom.yaml'));
    expect(shape).toMatchObject({ targets: [{ endpointSubnets: 2 }], asks: true });
    const { installation } = estimate(shape);
    expect(dollarsOf(installation, 'alarms on Headroom itself')).toBeCloseTo(2);
  });
});
