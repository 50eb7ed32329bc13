import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { placesFromEnvironment } from '../../../functions/aws/process/places.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import { warningsOf } from '../../../lib/config/warnings.ts';
import { channelsIn } from '../../../lib/notify/settings.ts';
import { configText, renderValue, templatesOf } from '../../support/templates.ts';

const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:headroom/slack-AbCdEf';
const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:chat';
const NOTIFY = `notify:
  email: [a@example.com]
  sms: ['+4915112345678']
  slack: { webhookUrl: { secretArn: '${SECRET}', variable: SLACK_URL } }
  pagerduty: { routingKey: { variable: PAGERDUTY_KEY } }
  amazonQ: { topicArn: '${TOPIC}' }
`;
const { shared } = templatesOf(configText('', NOTIFY));

describe('the function that sends', () => {
  test('is not there where mail is all', () => {
    const names = JSON.stringify(templatesOf(configText()).shared.findResources('AWS::Lambda::Function'));
    expect(names).toContain('headroom-notify');
    expect(names).not.toContain('headroom-deliver');
  });

  test('gets every message of the topic, knows where secrets are and none itself', () => {
    shared.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'lambda',
      Endpoint: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Deliver'), 'Arn'] },
    });
    shared.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'headroom-deliver',
      Environment: {
        Variables: Match.objectLike({
          HEADROOM_CHANNELS: JSON.stringify({
            slack: { webhookUrl: { secretArn: SECRET } },
            amazonQ: { topicArn: TOPIC },
          }),
        }),
      },
    });
  });

  test('reads the secrets of its channels and no others, and publishes to the chat alone', () => {
    const policies = Object.values(shared.findResources('AWS::IAM::Policy')) as {
      Properties: {
        PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown; Condition?: unknown }[] };
      };
    }[];
    const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    const secrets = statements.filter(({ Action }) => Action === 'secretsmanager:GetSecretValue');
    expect(secrets.map(({ Resource }) => Resource)).toEqual([SECRET]);
    expect(statements.filter(({ Resource }) => Resource === TOPIC).map(({ Action }) => Action)).toEqual([
      'sns:Publish',
    ]);
    const keys = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['INCIDENT#*', 'NOTICE#*'] } };
    expect(statements.map(({ Condition }) => Condition)).toContainEqual(keys);
  });

  test('is told by no telephone what is not critical', () => {
    shared.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'sms',
      Endpoint: '+4915112345678',
      FilterPolicy: { severity: ['critical'] },
    });
  });
});

describe('what messages link to', () => {
  const linksIn = (template: Template, name: string): unknown => {
    const [found] = Object.values(
      template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: `headroom-${name}` } }),
    );
    const { Variables } = z
      .object({ Properties: z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) }) })
      .parse(found).Properties.Environment;
    const { HEADROOM_LINKS: text } = Variables;
    return text === undefined ? undefined : JSON.parse(renderValue(text).replaceAll('<AWS::Partition>', 'aws'));
  };
  const workflow = 'arn:aws:states:eu-west-1:111122223333:stateMachine:headroom-workflow';

  test('is known to each function that publishes, and to none that does not', () => {
    const publishers = ['ask', 'escalate', 'close', 'notify', 'dispatch', 'reconcile', 'sample', 'follow', 'register'];
    for (const name of publishers) expect(linksIn(shared, name)).toEqual({ workflow });
    for (const name of ['tick', 'deliver']) expect(linksIn(shared, name)).toBeUndefined();
  });

  test('has a dashboard and a runbook where the installation has them', () => {
    const url = 'https://wiki.example/databases?page=7#connections';
    const text = configText('', `notify: { runbook: '${url}' }`).replace(
      'installation: {',
      'installation: { dashboard: true,',
    );
    const places = linksIn(templatesOf(text).shared, 'notify');
    expect(places).toEqual({ workflow, dashboard: 'headroom', runbook: url });
    expect(placesFromEnvironment({ HEADROOM_LINKS: JSON.stringify(places) })).toEqual(places);
  });
});

describe('notify', () => {
  const problemsOf = (lines: string): string => {
    try {
      parseConfig(configText('', `notify:\n${lines}`), 'headroom.yaml');
      return '';
    } catch (error) {
      return String(error);
    }
  };

  test('has each channel where its secret can be had, and says where one would be silent', () => {
    const config = parseConfig(configText('', NOTIFY), 'headroom.yaml');
    expect(Object.keys(channelsIn('aws', config.notify))).toEqual(['slack', 'amazonQ']);
    expect(channelsIn('local', config.notify)).toEqual({
      pagerduty: { routingKey: { variable: 'PAGERDUTY_KEY' } },
      slack: { webhookUrl: { variable: 'SLACK_URL' } },
    });
    expect(warningsOf(config, 'aws')).toContain('notify.pagerduty has no secretArn: on AWS nothing is sent there');
  });

  test.each([
    ['  slack: { webhookUrl: "https://hooks.slack.com/services/T/B/X" }', 'notify.slack.webhookUrl'],
    ['  slack: { botToken: { variable: TOKEN } }', 'botToken and channel go together'],
    ['  slack: { botToken: { variable: TOKEN }, channel: "#ops" }', 'expected the id of a channel'],
    ['  pagerduty: { routingKey: {} }', 'the secret itself never stands in this file'],
    [
      '  pagerduty: { routingKey: { secretArn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x" } }',
      'whole ARN',
    ],
    ['  sms: ["0151 12345678"]', 'expected a telephone number'],
    ['  runbook: http://wiki.example/', 'notify.runbook: expected an https URL'],
    ['  runbook: https://ann:secret@wiki.example/', 'notify.runbook: expected an https URL'],
    ['  runbook: "https://wiki.example/a page"', 'notify.runbook: expected an https URL'],
    ['  runbook: "https://wiki.example/<!channel>"', 'notify.runbook: expected an https URL'],
    [`  runbook: https://wiki.example/${'r'.repeat(380)}`, 'notify.runbook: expected at most 400 characters'],
    ['  amazonQ: { topicArn: "arn:aws:sns:eu-west-1:111122223333:chat.fifo" }', 'standard topic'],
  ])('%s is refused with what to do', (lines, words) => {
    expect(problemsOf(lines)).toContain(words);
  });
});
