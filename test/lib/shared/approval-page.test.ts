import { Match } from 'aws-cdk-lib/assertions';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { buildApp } from '../../../lib/app.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import { addChecks } from '../../../lib/house/aws-solutions.ts';
import { configText, inShort, renderValue, statementsOf, templatesOf } from '../../support/templates.ts';

const ASKING = configText('    mode: approve\n');
const { shared } = templatesOf(ASKING);

describe('the page where people answer', () => {
  test.each([
    ['every tier observes', configText()],
    ['no tier asks', configText('    mode: act\n    policy: { tiers: { cap-consumer: act } }\n')],
    [
      'the tier that would ask observes',
      configText('    mode: act\n    policy: { tiers: { cap-consumer: observe } }\n'),
    ],
  ])('is not there while %s: nothing faces the internet', (_, text) => {
    const { shared: plain } = templatesOf(text);
    expect(plain.findResources('AWS::ApiGatewayV2::Api')).toEqual({});
    expect(JSON.stringify(plain.toJSON())).not.toMatch(/HEADROOM_PAGE_URL|headroom-decide/);
  });

  test.each([
    ['a target asks', ASKING],
    ['a target acts, for limits of users are asked about all the same', configText('    mode: act\n')],
    ['a single tier asks', configText('    mode: act\n    policy: { tiers: { break-locks: approve } }\n')],
  ])('is there as soon as %s', (_, text) => {
    templatesOf(text).shared.resourceCountIs('AWS::ApiGatewayV2::Api', 1);
  });

  test('has two routes to one function, GET and POST of its root, and no other', () => {
    const routes = Object.values(shared.findResources('AWS::ApiGatewayV2::Route'));
    const keys = routes.map((route) => z.object({ Properties: z.object({ RouteKey: z.string() }) }).parse(route));
    expect(keys.map(({ Properties }) => Properties.RouteKey).sort()).toEqual(['GET /', 'POST /']);
    shared.hasResourceProperties('AWS::ApiGatewayV2::Integration', {
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
    });
    const permissions = shared.findResources('AWS::Lambda::Permission', {
      Properties: { Principal: 'apigateway.amazonaws.com' },
    });
    for (const permission of Object.values(permissions)) {
      expect(permission).toMatchObject({ Properties: { SourceArn: expect.anything() as unknown } });
    }
  });

  test('is throttled, and logs who came and what they got, but never the query, which holds the secret', () => {
    shared.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 20 },
      AccessLogSettings: { Format: Match.stringLikeRegexp('sourceIp') },
    });
    const [stage] = Object.values(shared.findResources('AWS::ApiGatewayV2::Stage'));
    const { Format } = z
      .object({ Properties: z.object({ AccessLogSettings: z.object({ Format: z.string() }) }) })
      .parse(stage).Properties.AccessLogSettings;
    expect(Format).not.toMatch(/query|path|header|referer|protocol/i);
  });

  test('is served by a function that may read incidents, note an answer and wake the workflow, and nothing else', () => {
    const statements = statementsOf(shared, 'DecideRole');
    expect(statements.map(inShort).sort()).toEqual([
      'Allow dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem on arn:aws:dynamodb:eu-west-1:111122223333:table/headroom-incidents',
      'Allow logs:CreateLogStream logs:PutLogEvents on <DecideLog.Arn>',
      'Allow states:SendTaskSuccess on <WorkflowStateMachine>',
    ]);
    const onTable = statements.find(({ Action }) => Action.includes('dynamodb:GetItem'));
    expect(onTable?.Condition).toEqual({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['INCIDENT#*'] } });
    const [decide] = Object.values(
      shared.findResources('AWS::Lambda::Function', { Properties: { FunctionName: 'headroom-decide' } }),
    );
    const { Environment } = z
      .object({ Properties: z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) }) })
      .parse(decide).Properties;
    expect(Object.keys(Environment.Variables).sort()).toEqual([
      'HEADROOM_REPORT_DAYS',
      'HEADROOM_STATE_MACHINE_ARN',
      'HEADROOM_TABLE',
    ]);
  });

  test('is where the links of questions lead', () => {
    const [ask] = Object.values(
      shared.findResources('AWS::Lambda::Function', { Properties: { FunctionName: 'headroom-ask' } }),
    );
    const { Environment } = z
      .object({ Properties: z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) }) })
      .parse(ask).Properties;
    expect(renderValue(Environment.Variables['HEADROOM_PAGE_URL'])).toBe('<ApprovalPageApi.ApiEndpoint>/');
    shared.hasOutput('ApprovalPageUrl', {});
  });

  test.each([
    ['where some tier asks, for a week', ASKING, 7],
    ['for as long as the configuration says, also where nobody asks', `reports: { linkDays: 3 }\n${configText()}`, 3],
    ['not at all, if it says so', `reports: { linkDays: 0 }\n${ASKING}`, null],
  ])('links to reports: %s', (_, text, days) => {
    const functions = templatesOf(text).shared.findResources('AWS::Lambda::Function');
    const having = Object.values(functions).flatMap((each) => {
      const { FunctionName, Environment } = z
        .object({
          Properties: z.object({
            FunctionName: z.string(),
            Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
          }),
        })
        .parse(each).Properties;
      const found = Environment.Variables['HEADROOM_REPORT_DAYS'];
      return found === undefined ? [] : [[FunctionName.replace('headroom-', ''), found]];
    });
    const senders = ['ask', 'decide', 'dispatch', 'escalate', 'follow', 'notify', 'reconcile', 'register'];
    expect(having.sort()).toEqual(days === null ? [] : senders.map((name) => [name, String(days)]));
  });

  test('has an alarm of its own', () => {
    shared.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: 'headroom-self-decide-errors' });
  });

  test('passes the AwsSolutions rules, its open routes argued one by one', () => {
    const outdir = mkdtempSync(join(tmpdir(), 'headroom-page-'));
    try {
      const app = buildApp(parseConfig(ASKING, 'headroom.yaml'), { outdir, deployable: false });
      addChecks(app);
      expect(() => app.synth()).not.toThrow();
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });
});
