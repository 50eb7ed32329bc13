import { afterEach, expect, it, vi } from 'vitest';
import { createMetrics } from '../../../../functions/aws/clients/metrics.ts';
import { refusedAt, seenAt, unansweredAt } from '../../../support/a-sample.ts';

const T0 = Date.now();

/** The lines that reach the log. */
function linesOf(use: () => void): unknown[] {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  use();
  vi.restoreAllMocks();
  return lines.map((line) => JSON.parse(line) as unknown);
}
afterEach(() => vi.restoreAllMocks());

it('writes one line per sample, by which CloudWatch makes metrics of the target alone', () => {
  const [line, ...others] = linesOf(() => createMetrics().emit('orders', seenAt(T0, 61), 'full'));
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    _aws: { Timestamp: T0, CloudWatchMetrics: [{ Namespace: 'Headroom', Dimensions: [['Target']] }] },
    Target: 'orders',
    UsagePercent: 61,
    UsableSlots: 100,
  });
  expect(line).toHaveProperty('_aws.CloudWatchMetrics.0.Metrics.0', { Name: 'UsagePercent', Unit: 'Percent' });
  expect(line).not.toHaveProperty('service');
});

it('keeps samples and targets apart', () => {
  const metrics = createMetrics();
  const lines = linesOf(() => {
    metrics.emit('orders', seenAt(T0, 61), 'full');
    metrics.emit('billing', refusedAt(T0 + 1, 'full'), 'full');
  });
  expect(lines[1]).toMatchObject({ Target: 'billing', UsagePercent: 100, Refused: 1, _aws: { Timestamp: T0 + 1 } });
  expect(lines[1]).not.toHaveProperty('UsedSlots');
});

it('writes nothing for a sample that tells nothing', () => {
  expect(linesOf(() => createMetrics().emit('orders', unansweredAt(T0, 'busy'), 'full'))).toEqual([]);
});

it('makes metrics of two figures unless all are asked for: what alarms use, and whether clients are refused', () => {
  const metrics = createMetrics();
  const lines = linesOf(() => {
    metrics.emit('orders', seenAt(T0, 61), 'few');
    metrics.emit('orders', unansweredAt(T0 + 60_000, 'failed'), 'few');
  });
  expect(lines[0]).toMatchObject({ UsagePercent: 61, Refused: 0 });
  expect(lines[0]).toHaveProperty('_aws.CloudWatchMetrics.0.Metrics.length', 2);
  // The sampler works and sees nothing.
  expect(lines[1]).toMatchObject({ Refused: 0 });
  expect(lines[1]).not.toHaveProperty('UsagePercent');
});
