import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MetricsSink } from '../../core/ports/outside.ts';
import { FIGURES, figuresOf } from '../../core/sampler/figures.ts';
import { once } from '../process/once.ts';

/** With the dimension Target these name every metric of Headroom's own. */
const NAMESPACE = 'Headroom';

/** Writes figures to the log as lines from which CloudWatch makes metrics: no call, nothing to wait for. */
export function createMetrics(): MetricsSink {
  const metrics = new Metrics({ namespace: NAMESPACE });
  // It would add a dimension "service".
  metrics.clearDefaultDimensions();
  return {
    emit(targetId, sample, setting) {
      const figures = figuresOf(sample, setting);
      if (figures.size === 0) return;
      metrics.setTimestamp(sample.at);
      metrics.addDimension('Target', targetId);
      for (const [name, value] of figures) metrics.addMetric(name, MetricUnit[FIGURES[name].unit], value);
      metrics.publishStoredMetrics();
    },
  };
}

/** One per process. */
export const metricsOfProcess = once(createMetrics);
