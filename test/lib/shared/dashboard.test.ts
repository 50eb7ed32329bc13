import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { FIGURES } from '../../../functions/core/sampler/figures.ts';
import { configText, templatesOf } from '../../support/templates.ts';

const body = z.object({
  variables: z.array(
    z.looseObject({ type: z.string(), property: z.string(), inputType: z.string(), search: z.string() }),
  ),
  widgets: z.array(
    z.object({
      type: z.string(),
      properties: z.looseObject({ metrics: z.array(z.array(z.unknown())).optional(), query: z.string().optional() }),
    }),
  ),
});

/** The body as CloudWatch gets it, with names in the place of what only a deployment knows. */
function bodyIn(dashboard: unknown): z.infer<typeof body> {
  const { DashboardBody } = z.object({ DashboardBody: z.unknown() }).parse(dashboard);
  const { 'Fn::Join': joined } = z
    .object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) })
    .parse(DashboardBody);
  return body.parse(JSON.parse(joined[1].map((part) => (typeof part === 'string' ? part : 'X')).join('')));
}

const asked = configText().replace('installation: {', 'installation: { dashboard: true,');

describe('the dashboard', () => {
  test('costs, so there is none unless it is asked for', () => {
    templatesOf(configText()).shared.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  test('is one for all targets, with a variable, and shows every figure that is published', () => {
    const dashboards = Object.values(templatesOf(asked).shared.findResources('AWS::CloudWatch::Dashboard'));
    expect(dashboards).toHaveLength(1);
    const [{ Properties }] = z
      .tuple([z.object({ Properties: z.looseObject({ DashboardName: z.literal('headroom') }) })])
      .parse(dashboards);
    const { variables, widgets } = bodyIn(Properties);
    expect(variables).toMatchObject([{ type: 'property', property: 'Target', inputType: 'select' }]);
    const own = widgets
      .flatMap(({ properties }) => properties.metrics ?? [])
      .filter(([namespace]) => namespace === 'Headroom');
    expect(new Set(own.map(([, name]) => name))).toEqual(new Set(Object.keys(FIGURES)));
    expect(own.every((metric) => metric[2] === 'Target')).toBe(true);
    const [log] = widgets.filter(({ type }) => type === 'log');
    for (const name of ['dispatch', 'act', 'escalate', 'close'])
      expect(log?.properties.query).toContain(`/aws/lambda/headroom-${name}`);
    // More than CloudWatch takes in one dashboard would fail the deployment.
    expect(JSON.stringify(widgets).length).toBeLessThan(50_000);
  });
});
