import { Match } from 'aws-cdk-lib/assertions';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { CONTROL_FUNCTIONS } from '../../../lib/house/control-names.ts';
import { configText, templatesOf } from '../../support/templates.ts';

// With everything there may be: the page where people answer, too.
const channel = "notify: { amazonQ: { topicArn: 'arn:aws:sns:eu-west-1:111122223333:chat' } }";
const { shared, target } = templatesOf(configText('    mode: approve\n', channel));
const runbook = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');
const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title]) => title);

const alarm = z.object({
  Properties: z.object({
    AlarmName: z.string(),
    AlarmDescription: z.string(),
    AlarmActions: z.array(z.unknown()).default([]),
    TreatMissingData: z.string(),
    Threshold: z.number(),
  }),
});
type Alarm = z.infer<typeof alarm>['Properties'];

const alarms: readonly Alarm[] = [shared, target].flatMap((template) =>
  Object.values(template.findResources('AWS::CloudWatch::Alarm')).map((one) => alarm.parse(one).Properties),
);

const opensIncidents = ({ AlarmName }: Alarm): boolean => /-connections-|-usage-high$/.test(AlarmName);
const own = alarms.filter((one) => !opensIncidents(one));

describe('alarms on Headroom itself', () => {
  test('watch the workflow, every control function, the queue, the tick and the sampler, and none is a target’s own', () => {
    expect(own.map(({ AlarmName }) => AlarmName).sort()).toEqual(
      [
        'headroom-self-dispatch-failures',
        'headroom-self-notices-failed',
        'headroom-self-sample-dropped',
        'headroom-self-tick-silent',
        'headroom-self-workflow-aborted',
        'headroom-self-workflow-failed',
        'headroom-self-workflow-timed-out',
        ...Object.keys(CONTROL_FUNCTIONS).map((name) => `headroom-self-${name}-errors`),
      ].sort(),
    );
  });

  test.each(own.map((one) => [one.AlarmName, one] as const))(
    '%s reaches a person and says where to read on',
    (_, one) => {
      const section = one.AlarmDescription.match(/^Runbook: docs\/runbook\.md#([\w-]+)\. /)?.[1];
      expect(one.AlarmActions).toHaveLength(1);
      expect(one.Threshold).toBe(1);
      expect(sections).toContain(section);
      expect(one.AlarmName.endsWith(`-${section}`)).toBe(true);
    },
  );

  test.each(alarms.map((one) => [one.AlarmName, one] as const))(
    '%s says first where to read on, then what fires, then what Headroom does',
    (_, { AlarmDescription: text }) => {
      expect(text).toMatch(/^Runbook: docs\/runbook\.md#[\w-]+\. What fires: .+\. What Headroom does: .+\.$/);
      expect(text.length).toBeLessThanOrEqual(1_024);
      expect(sections).toContain(/#([\w-]+)/.exec(text)?.[1]);
    },
  );

  test('all begin with people’s own runbook where there is one, the longest too, and nothing is cut', () => {
    const own = `https://wiki.example/${'r'.repeat(379)}`;
    const templates = templatesOf(configText('    mode: approve\n', `notify: { runbook: '${own}' }`));
    const described = [templates.shared, templates.target]
      .flatMap((template) => Object.values(template.findResources('AWS::CloudWatch::Alarm')))
      .map((one) => alarm.parse(one).Properties.AlarmDescription);
    expect(described).toHaveLength(alarms.length - 1);
    for (const text of described) {
      expect(text).toMatch(/^Runbook: https:\/\/wiki\.example\/r{379} and docs\/runbook\.md#[\w-]+\. What fires: /);
      expect(text).toMatch(/What Headroom does: .+\.$/);
      expect(text.length).toBeLessThanOrEqual(900);
    }
  });

  test('only silence of the tick counts as bad news when there is no data', () => {
    const breaching = own.filter(({ TreatMissingData }) => TreatMissingData === 'breaching');
    expect(breaching.map(({ AlarmName }) => AlarmName)).toEqual(['headroom-self-tick-silent']);
    shared.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'headroom-self-tick-silent',
      MetricName: 'Invocations',
      ComparisonOperator: 'LessThanThreshold',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: Match.stringLikeRegexp('^Tick') } }],
    });
  });

  test('a sample that Lambda drops is seen', () => {
    shared.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'headroom-self-sample-dropped',
      Namespace: 'AWS/Lambda',
      MetricName: 'AsyncEventsDropped',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: Match.stringLikeRegexp('^Sample') } }],
    });
  });

  test('the alarms of a target open incidents and page nobody by themselves', () => {
    const ofTarget = alarms.filter(opensIncidents);
    expect(ofTarget.map(({ AlarmActions }) => AlarmActions)).toEqual([[], [], []]);
  });
});

describe('the runbook', () => {
  test('has no section for an alarm that is gone', () => {
    const names = own.map(({ AlarmName }) => AlarmName);
    const ofAlarms = sections.filter((section) => !section?.startsWith('Notice: ') && section !== 'target-alarms');
    expect(ofAlarms.filter((section) => !names.some((name) => name.endsWith(`-${section}`)))).toEqual([]);
  });

  test.each(sections)('%s: description, investigation, resolution', (section) => {
    const body = runbook.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
    for (const part of ['**Description.**', '**Investigation.**', '**Resolution.**']) expect(body).toContain(part);
  });
});
