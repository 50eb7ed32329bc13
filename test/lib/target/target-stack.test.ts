import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { targetSettings } from '../../../functions/core/policy/target.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
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

describe('the settings of a target', () => {
  const registered = (template: Template) => Object.entries(template.findResources('Custom::HeadroomTarget'));
  const resource = z.object({
    Properties: z.object({
      ServiceToken: z.string(),
      ServiceTimeout: z.string(),
      Schema: z.string(),
      Settings: z.string(),
    }),
    DependsOn: z.array(z.string()),
  });
  const [[, written] = []] = registered(target);
  const { Properties, DependsOn } = resource.parse(written);

  test('are one text that the register function understands', () => {
    expect(registered(target)).toHaveLength(1);
    expect(Properties.ServiceToken).toBe('arn:aws:lambda:eu-west-1:111122223333:function:headroom-register');
    expect(Properties.Schema).toBe(String(SCHEMA));
    expect(targetSettings.parse(JSON.parse(Properties.Settings))).toMatchObject({
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

  test('are written when everything else is there, and taken out before anything goes', () => {
    const alarmsAndWorker = ['AWS::CloudWatch::Alarm', 'AWS::Lambda::Function'].flatMap((type) =>
      Object.keys(target.findResources(type)),
    );
    expect([...DependsOn].sort()).toEqual(alarmsAndWorker.sort());
    // And the worker on what it may do.
    target.hasResource('AWS::Lambda::Function', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('^WorkerRoleDefaultPolicy')]),
    });
  });

  test('never leave a deployment waiting for long', () => {
    expect(Number(Properties.ServiceTimeout)).toBeLessThanOrEqual(300);
  });

  test('may be as long as a fleet of pools makes them', () => {
    const pools = Array.from({ length: 400 }, (_, n) => `{ name: '<pool-${n}>', instances: 1, size: 1 }`);
    const [[, long] = []] = registered(withTarget(`    pools: [${pools.join(', ')}]`));
    const settings = targetSettings.parse(JSON.parse(resource.parse(long).Properties.Settings));
    expect(settings.pools).toHaveLength(400);
    expect(settings.pools[7]?.name).toBe('<pool-7>');
  });

  test('that DynamoDB could not keep beside a record are refused', () => {
    const pools = Array.from({ length: 3_000 }, (_, n) => `{ name: 'pool-${n}', instances: 1, size: 1 }`);
    expect(() => parseConfig(configText(`    pools: [${pools.join(', ')}]`), 'headroom.yaml')).toThrow(
      /settings of target "orders" take \d+ characters, and Headroom takes 100000; name fewer pools/,
    );
  });
});

test('a target has three alarms, one function, one role, one log group, and no rule or queue of its own', () => {
  const { Resources } = z
    .object({ Resources: z.record(z.string(), z.object({ Type: z.string() })) })
    .parse(target.toJSON());
  expect(
    Object.values(Resources)
      .map(({ Type }) => Type)
      .sort(),
  ).toEqual([
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::Alarm',
    'AWS::IAM::Policy',
    'AWS::IAM::Role',
    'AWS::Lambda::Function',
    'AWS::Logs::LogGroup',
    'Custom::HeadroomTarget',
  ]);
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
  test('runs one at a time in the subnets, in the group of its VPC, whose id a parameter has', () => {
    target.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'headroom-worker-orders',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      ReservedConcurrentExecutions: 1,
      VpcConfig: {
        SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
        SecurityGroupIds: [{ Ref: Match.stringLikeRegexp('^SsmParameterValue') }],
      },
    });
    target.hasParameter('*', {
      Type: 'AWS::SSM::Parameter::Value<String>',
      Default: '/headroom/network/vpc-0a1b2c3d4e5f60718/worker-group',
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

  test('in secret mode reads its two secrets through the endpoint of its VPC', () => {
    const template = withTarget(secretAuth('endpoint'));
    expect(grantsOf(template)).toEqual([`Allow secretsmanager:GetSecretValue on ${CANARY} ${SECRET}`]);
    expect(variablesOf(template)).toHaveProperty('AWS_ENDPOINT_URL_SECRETS_MANAGER', {
      Ref: expect.stringContaining('secretsendpoint') as string,
    });
    expect(variablesOf(withTarget(secretAuth('nat')))).not.toHaveProperty('AWS_ENDPOINT_URL_SECRETS_MANAGER');
  });

  test('takes the security groups it is given and makes none', () => {
    const network =
      'network: { vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f60718], securityGroupIds: [sg-0b1c2d3e4f5061728] }';
    const { target: template, network: shared } = templatesOf(configText().replace(/network: .*/, network));
    for (const each of [template, shared]) each.resourceCountIs('AWS::EC2::SecurityGroup', 0);
    template.hasResourceProperties('AWS::Lambda::Function', {
      VpcConfig: Match.objectLike({ SecurityGroupIds: ['sg-0b1c2d3e4f5061728'] }),
    });
  });
});
