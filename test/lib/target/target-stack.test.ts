import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  dispatchRequest,
  reconcileTargetRequest,
  sampleRequest,
  samplerRequest,
} from '../../../functions/core/protocol/steps.ts';
import { workerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import { configText, inShort, statementsOf, templatesOf } from '../../support/templates.ts';

const { target } = templatesOf();

function withTarget(lines: string): Template {
  return templatesOf(configText(lines)).target;
}

const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders/responder-AbCdEf';
const CANARY = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders/canary-AbCdEf';
const secretAuth = (access: string): string =>
  `    auth: { mode: secret, secretArn: '${SECRET}', canarySecretArn: '${CANARY}', secretsAccess: ${access} }`;

describe('the alarms of a target', () => {
  const metric = {
    Namespace: 'AWS/RDS',
    MetricName: 'DatabaseConnections',
    Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'orders-prod' }],
    Period: 60,
    Statistic: 'Maximum',
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'missing',
  };

  test('the trigger counts usable slots, two minutes running', () => {
    target.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...metric,
      AlarmName: 'headroom-orders-connections-high',
      Threshold: 170,
      EvaluationPeriods: 2,
      DatapointsToAlarm: 2,
    });
  });

  test('the critical one takes a single minute at 95%', () => {
    target.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...metric,
      AlarmName: 'headroom-orders-connections-critical',
      Threshold: 190,
      EvaluationPeriods: 1,
    });
  });

  test('the critical one is never below the trigger', () => {
    withTarget('    policy: { triggerPercent: 98, levels: { criticalPercent: 90 } }').hasResourceProperties(
      'AWS::CloudWatch::Alarm',
      {
        AlarmName: 'headroom-orders-connections-critical',
        Threshold: 196,
      },
    );
  });

  test('one rides on what the sampler sees: the percentage itself, two minutes running', () => {
    withTarget('    policy: { triggerPercent: 88 }').hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'headroom-orders-usage-high',
      Namespace: 'Headroom',
      MetricName: 'UsagePercent',
      Dimensions: [{ Name: 'Target', Value: 'orders' }],
      Statistic: 'Maximum',
      Period: 60,
      Threshold: 88,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 2,
      TreatMissingData: 'missing',
    });
  });
});

const ruleTarget = z.object({
  Arn: z.string(),
  Input: z.string().optional(),
  InputTransformer: z.object({ InputTemplate: z.string() }).optional(),
  RetryPolicy: z.object({ MaximumEventAgeInSeconds: z.number(), MaximumRetryAttempts: z.number() }),
  DeadLetterConfig: z.unknown().optional(),
});
const rule = z.object({ Properties: z.object({ Targets: z.array(ruleTarget).length(1) }) });

function targetOf(template: Template, name: string): z.infer<typeof ruleTarget> {
  const [found] = Object.values(template.findResources('AWS::Events::Rule', { Properties: { Name: name } }));
  const [only] = rule.parse(found).Properties.Targets;
  if (only === undefined) throw new Error(`rule ${name} has no target`);
  return only;
}

describe('the rule from alarm to dispatch', () => {
  test('matches exactly the three alarms going to ALARM', () => {
    target.hasResourceProperties('AWS::Events::Rule', {
      Name: 'headroom-target-orders-alarms',
      EventPattern: {
        source: ['aws.cloudwatch'],
        'detail-type': ['CloudWatch Alarm State Change'],
        resources: [
          { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlarmsHigh'), 'Arn'] },
          { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlarmsCritical'), 'Arn'] },
          { 'Fn::GetAtt': [Match.stringLikeRegexp('^AlarmsUsage'), 'Arn'] },
        ],
        detail: { state: { value: ['ALARM'] } },
      },
    });
  });

  test('hands over the whole event with the settings, as dispatch understands it', () => {
    const { InputTransformer, Arn } = targetOf(target, 'headroom-target-orders-alarms');
    const event = { source: 'aws.cloudwatch', detail: { alarmName: 'headroom-orders-connections-high' } };
    const filled = InputTransformer?.InputTemplate.replace('<aws.events.event.json>', JSON.stringify(event)) ?? '';
    const request = dispatchRequest.parse(JSON.parse(filled));
    expect(Arn).toBe('arn:aws:lambda:eu-west-1:111122223333:function:headroom-dispatch');
    expect(request.event).toEqual(event);
    expect(request.target).toMatchObject({
      id: 'orders',
      instance: 'orders-prod',
      worker: 'headroom-worker-orders',
      alarms: [
        'headroom-orders-connections-high',
        'headroom-orders-connections-critical',
        'headroom-orders-usage-high',
      ],
      mode: 'observe',
    });
  });

  test('gives up after five minutes and keeps what it gave up', () => {
    const { RetryPolicy, DeadLetterConfig } = targetOf(target, 'headroom-target-orders-alarms');
    expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 3 });
    expect(DeadLetterConfig).toBeDefined();
    target.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
          }),
        ]),
      },
    });
  });

  test('angle brackets in the settings are not taken for variables', () => {
    const template = withTarget(`    policy: { protect: { applications: ['<batch>'] } }`);
    const text = targetOf(template, 'headroom-target-orders-alarms').InputTransformer?.InputTemplate ?? '';
    expect(text.match(/<[^>]*>/g)).toEqual(['<aws.events.event.json>']);
    const request = dispatchRequest.parse(JSON.parse(text.replace('<aws.events.event.json>', '{}')));
    expect(request.target.policy.protect.applications).toEqual(['<batch>']);
  });

  test('no rule hands over more than EventBridge takes, with settings as long as they may be', () => {
    const lines = (length: number) => `    pools: [{ name: '<${'x'.repeat(length)}>', instances: 1, size: 1 }]`;
    const isAccepted = (length: number) => {
      try {
        return parseConfig(configText(lines(length)), 'headroom.yaml').targets.length === 1;
      } catch {
        return false;
      }
    };
    let [most, least] = [0, 8192];
    while (least - most > 1) {
      const middle = Math.floor((least + most) / 2);
      if (isAccepted(middle)) most = middle;
      else least = middle;
    }
    const rules = ['alarms', 'minute', 'sample', 'check'];
    const template = withTarget(lines(most));
    const lengths = rules.map((name) => {
      const { Input, InputTransformer } = targetOf(template, `headroom-target-orders-${name}`);
      return (Input ?? InputTransformer?.InputTemplate ?? '').length;
    });
    expect(Math.max(...lengths)).toBe(8192);
    expect(Math.min(...lengths)).toBeGreaterThan(7_000);
  });

  test('the target adds no permission to the shared functions, whose policies would fill up', () => {
    target.resourceCountIs('AWS::Lambda::Permission', 0);
  });
});

test('the reconciler is called every minute with the settings', () => {
  target.hasResourceProperties('AWS::Events::Rule', {
    Name: 'headroom-target-orders-minute',
    ScheduleExpression: 'rate(1 minute)',
  });
  const { Input, Arn } = targetOf(target, 'headroom-target-orders-minute');
  expect(Arn).toBe('arn:aws:lambda:eu-west-1:111122223333:function:headroom-reconcile');
  expect(reconcileTargetRequest.parse(JSON.parse(Input ?? '')).target.id).toBe('orders');
});

describe('the sampler is called every minute', () => {
  const requestOf = (template: Template) =>
    sampleRequest.parse(JSON.parse(targetOf(template, 'headroom-target-orders-sample').Input ?? ''));

  test('with the settings, the alarm to raise, and no second try', () => {
    target.hasResourceProperties('AWS::Events::Rule', {
      Name: 'headroom-target-orders-sample',
      ScheduleExpression: 'rate(1 minute)',
    });
    const { Arn, RetryPolicy } = targetOf(target, 'headroom-target-orders-sample');
    expect(Arn).toBe('arn:aws:lambda:eu-west-1:111122223333:function:headroom-sample');
    expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    const request = requestOf(target);
    expect(request).toMatchObject({ kind: 'sample', samples: 1 });
    expect(request.target.alarms).toContain(request.alarm);
  });

  test.each([
    [10, 6],
    [25, 2],
    [31, 1],
  ])('to sample every %i s it takes %i samples in a call', (everySeconds, samples) => {
    const template = withTarget(`    policy: { sampling: { everySeconds: ${everySeconds} } }`);
    expect(requestOf(template)).toMatchObject({ samples, target: { policy: { sampling: { everySeconds } } } });
  });
});

test('the sampler is called once a day to check the target', () => {
  target.hasResourceProperties('AWS::Events::Rule', {
    Name: 'headroom-target-orders-check',
    ScheduleExpression: 'cron(17 6 * * ? *)',
  });
  const { Arn, Input } = targetOf(target, 'headroom-target-orders-check');
  expect(Arn).toBe('arn:aws:lambda:eu-west-1:111122223333:function:headroom-sample');
  expect(samplerRequest.parse(JSON.parse(Input ?? ''))).toMatchObject({ kind: 'check', target: { id: 'orders' } });
});

const workerFunction = z.object({
  Properties: z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) }),
});

function variablesOf(template: Template): Record<string, unknown> {
  const [found] = Object.values(template.findResources('AWS::Lambda::Function'));
  return workerFunction.parse(found).Properties.Environment.Variables;
}

function grantsOf(template: Template): string[] {
  return statementsOf(template, 'WorkerRole')
    .map(inShort)
    .filter((grant) => !/ ec2:| logs:/.test(grant));
}

describe('the worker', () => {
  test('runs one at a time in the subnets, behind a group of its own that reaches the database and nothing else', () => {
    target.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'headroom-worker-orders',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      ReservedConcurrentExecutions: 1,
      VpcConfig: {
        SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
        SecurityGroupIds: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^NetworkGroup'), 'GroupId'] }],
      },
    });
    target.hasResourceProperties('AWS::EC2::SecurityGroup', {
      VpcId: 'vpc-0a1b2c3d4e5f60718',
      SecurityGroupEgress: [
        Match.objectLike({ DestinationSecurityGroupId: 'sg-0a1b2c3d4e5f60718', FromPort: 5432, ToPort: 5432 }),
      ],
      SecurityGroupIngress: Match.absent(),
    });
  });

  test('is told what it needs and no more', () => {
    const variables = variablesOf(target);
    expect(Object.keys(variables)).toEqual(['HEADROOM_WORKER']);
    expect(workerSettings.parse(JSON.parse(String(variables['HEADROOM_WORKER'])))).toMatchObject({
      host: 'orders-prod.c0ffee00beef.eu-west-1.rds.amazonaws.com',
      port: 5432,
      database: 'postgres',
      tls: { mode: 'verify-full', ca: 'rds-ca.pem' },
    });
  });

  test('may log in as its two users and do nothing else', () => {
    const user = 'arn:aws:rds-db:eu-west-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXY1';
    expect(grantsOf(target)).toEqual([`Allow rds-db:connect on ${user}/headroom_canary ${user}/headroom_responder`]);
  });

  test('its own code is denied the permissions that place it into the network', () => {
    const denied = statementsOf(target, 'WorkerRole').filter(({ Effect }) => Effect === 'Deny');
    expect(denied).toHaveLength(1);
    expect(denied[0]?.Action).toContain('ec2:CreateNetworkInterface');
    expect(denied[0]?.Condition).toEqual({
      ArnEquals: {
        'lambda:SourceFunctionArn': 'arn:aws:lambda:eu-west-1:111122223333:function:headroom-worker-orders',
      },
    });
  });

  test('shares the concurrency of the account where that is switched off', () => {
    withTarget('    reservedConcurrency: false').hasResourceProperties('AWS::Lambda::Function', {
      ReservedConcurrentExecutions: Match.absent(),
    });
  });

  test('in secret mode reads its two secrets through an endpoint of its own', () => {
    const template = withTarget(secretAuth('endpoint'));
    expect(grantsOf(template)).toEqual([`Allow secretsmanager:GetSecretValue on ${CANARY} ${SECRET}`]);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      ServiceName: 'com.amazonaws.eu-west-1.secretsmanager',
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: false,
    });
    expect(variablesOf(template)).toHaveProperty('AWS_ENDPOINT_URL_SECRETS_MANAGER');
  });

  test('in secret mode behind a NAT it may speak HTTPS to the outside', () => {
    const template = withTarget(secretAuth('nat'));
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 0);
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })]),
    });
  });

  test("is let in by the database's group only when that was asked for", () => {
    target.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    const network =
      'network: { vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f60718], databaseSecurityGroupId: sg-0a1b2c3d4e5f60718, manageIngress: true }';
    const template = templatesOf(configText().replace(/network: .*/, network)).target;
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: 'sg-0a1b2c3d4e5f60718',
      FromPort: 5432,
      ToPort: 5432,
    });
  });

  test('takes the security groups it is given and makes none', () => {
    const network =
      'network: { vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f60718], securityGroupIds: [sg-0b1c2d3e4f5061728] }';
    const template = templatesOf(configText().replace(/network: .*/, network)).target;
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
    template.hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: Match.objectLike({ SecurityGroupIds: ['sg-0b1c2d3e4f5061728'] }),
    });
  });
});
