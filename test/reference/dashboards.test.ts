import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { FIGURES } from '../../functions/core/sampler/figures.ts';
import { createWatchFigures } from '../../local/site/figures.ts';
import { seenAt } from '../support/a-sample.ts';
import { metricsIn } from '../support/prometheus.ts';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');
const read = (file: string) => readFileSync(join(EXAMPLES, file), 'utf8');

const panels = z.object({
  panels: z.array(
    z.object({
      targets: z.array(
        z.object({ expr: z.string().optional(), metricName: z.string().optional(), namespace: z.string().optional() }),
      ),
    }),
  ),
});

/** The metrics and labels that a watch serves. */
async function served() {
  const target = { id: 'orders', engine: 'postgres', mode: 'act', triggerPercent: 85, reliefPercent: 70 };
  const figures = createWatchFigures([target], '0.1.0');
  figures.observe('orders', seenAt(0, 60, { byState: { idle: 6 } }));
  const state = { target: 'orders', hasOpenIncident: true, isPaused: false };
  return metricsIn(await figures.text(() => Promise.resolve([state])));
}

const named = (expr: string) => [...expr.matchAll(/\bheadroom_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));

test('every figure that the dashboard and the alert rules of a watch name is served', async () => {
  const names = new Set((await served()).map(({ name }) => name));
  const { panels: shown } = panels.parse(JSON.parse(read('grafana-watch.json')));
  const shownNames = shown.flatMap(({ targets }) => targets.flatMap(({ expr = '' }) => named(expr)));
  expect(shownNames.filter((name) => !names.has(name))).toEqual([]);
  // What is served and has no panel says what is left out on purpose.
  const unshown = new Set([...names].filter((name) => !shownNames.includes(name)));
  expect(unshown).toEqual(new Set(['headroom_target_info', 'headroom_usage_percent', 'headroom_responder_sessions']));

  const rules = z
    .object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })) })
    .parse(parse(read('prometheus-alerts.yaml')))
    .groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(5);
  expect(rules.flatMap(({ expr }) => named(expr)).filter((name) => !names.has(name))).toEqual([]);
});

test('every metric that the CloudWatch dashboards name is published', () => {
  const { panels: shown } = panels.parse(JSON.parse(read('grafana-cloudwatch.json')));
  const own = shown.flatMap(({ targets }) => targets).filter(({ namespace }) => namespace === 'Headroom');
  expect(new Set(own.map(({ metricName = '' }) => metricName))).toEqual(new Set(Object.keys(FIGURES)));
});
