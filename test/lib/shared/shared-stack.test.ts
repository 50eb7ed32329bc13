import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { policy } from '../../../functions/core/policy/policy.ts';
import { CONTROL_FUNCTIONS } from '../../../lib/house/control-names.ts';
import { configText, inShort, statementsOf, templatesOf } from '../../support/templates.ts';

const { shared } = templatesOf(configText('', 'notify: { email: [dba@example.com, ops@example.com] }'));

function grantsOf(role: string): string[] {
  return statementsOf(shared, `${role}Role`).map(inShort).sort();
}

describe('the incident table', () => {
  test('has the keys, indexes and expiry that the store uses', () => {
    const key = (name: string, type: string): object => ({ AttributeName: name, KeyType: type });
    shared.hasResourceProperties('AWS::DynamoDB::Table', {
      TableName: 'headroom-incidents',
      KeySchema: [key('pk', 'HASH'), key('sk', 'RANGE')],
      GlobalSecondaryIndexes: [
        Match.objectLike({ IndexName: 'byTarget', KeySchema: [key('targetId', 'HASH'), key('openedAt', 'RANGE')] }),
        Match.objectLike({ IndexName: 'byStatus', KeySchema: [key('status', 'HASH'), key('openedAt', 'RANGE')] }),
      ],
      AttributeDefinitions: Match.arrayWith([{ AttributeName: 'openedAt', AttributeType: 'N' }]),
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
    });
  });

  test('survives mistakes: recovery to any point, no deletion, kept when the stack goes', () => {
    shared.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
      },
    });
  });

  test('is created after everything else, so that a first deployment that fails leaves none behind', () => {
    const { Resources } = z
      .object({ Resources: z.record(z.string(), z.looseObject({ DependsOn: z.array(z.string()).optional() })) })
      .parse(shared.toJSON());
    const [id = ''] = Object.keys(shared.findResources('AWS::DynamoDB::Table'));
    const others = Object.keys(Resources).filter((other) => other !== id);
    expect([...(Resources[id]?.DependsOn ?? [])].sort()).toEqual(others.sort());
    expect(others.filter((other) => JSON.stringify(Resources[other]).includes(`"${id}"`))).toEqual([]);
  });
});

describe('the notices topic', () => {
  test('subscribes every address', () => {
    for (const Endpoint of ['dba@example.com', 'ops@example.com']) {
      shared.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint });
    }
  });

  test('keeps messages, which carry links that decide, under a key of its own that alarms of CloudWatch may use', () => {
    const [key] = Object.keys(shared.findResources('AWS::KMS::Key'));
    shared.resourceCountIs('AWS::KMS::Key', 1);
    shared.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] } });
    // With the key that AWS manages for SNS every alarm of CloudWatch would be lost without a word.
    shared.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Resource: '*',
          },
        ]),
      },
    });
  });

  test('takes nothing unencrypted, and alarms of this account only', () => {
    shared.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
          }),
        ]),
      },
    });
  });
});

const TABLE_ARN = 'arn:aws:dynamodb:eu-west-1:111122223333:table/headroom-incidents';

describe('what each control function may do', () => {
  const table =
    'Allow dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on ' +
    ['', '/index/byStatus', '/index/byTarget'].map((part) => `${TABLE_ARN}${part}`).join(' ');
  const log = (name: string): string => `Allow logs:CreateLogStream logs:PutLogEvents on <${name}Log.Arn>`;
  const workers = 'Allow lambda:InvokeFunction on arn:aws:lambda:eu-west-1:111122223333:function:headroom-worker-*';
  const publish = ['Allow kms:Decrypt kms:GenerateDataKey on <NoticesKey.Arn>', 'Allow sns:Publish on <Notices>'];
  const incidents = [
    // The API reference: composite alarms are told of only under a permission that is scoped to everything.
    'Allow cloudwatch:DescribeAlarms on *',
    'Allow states:DescribeExecution on arn:aws:states:eu-west-1:111122223333:execution:headroom-workflow:*',
  ];
  const start = 'Allow states:StartExecution on <WorkflowStateMachine>';
  const startOrWake = 'Allow states:SendTaskSuccess states:StartExecution on <WorkflowStateMachine>';
  const failures = 'Allow sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage on <DispatchFailures.Arn>';

  const announce = 'Allow events:PutEvents on arn:aws:events:eu-west-1:111122223333:event-bus/default';

  test.each([
    ['Dispatch', [...publish, announce, failures, start, ...incidents]],
    // It lifts limits that were left behind, as Close lifts those of its incident, and wakes a workflow that was
    // answered.
    ['Reconcile', [workers, ...publish, announce, startOrWake, ...incidents]],
    // The metric tells whether anybody is connected to a server that would pause; it knows no narrower scope.
    ['Sample', [`${workers} <Dispatch.Arn> <Follow.Arn>`, 'Allow cloudwatch:GetMetricData on *', ...publish]],
    // It reads clusters and instances, and keeps the alarms on connections of this installation, no others.
    [
      'Follow',
      [
        workers.replace('headroom-worker-*', 'headroom-sample') + workers.slice(workers.indexOf(' on ') + 3),
        ...publish,
        'Allow cloudwatch:DescribeAlarms on *',
        'Allow cloudwatch:DeleteAlarms cloudwatch:PutMetricAlarm on ' +
          ['critical', 'high']
            .map((ending) => `arn:aws:cloudwatch:eu-west-1:111122223333:alarm:headroom-*-connections-${ending}`)
            .join(' '),
        'Allow rds:DescribeDBClusters rds:DescribeDBInstances on ' +
          'arn:aws:rds:eu-west-1:111122223333:cluster:* arn:aws:rds:eu-west-1:111122223333:db:*',
      ],
    ],
    // It lifts the limits of a target that goes.
    ['Register', [workers, ...publish]],
    // Evidence for the cause; neither action knows a narrower scope.
    ['Diagnose', [workers, 'Allow cloudwatch:GetMetricData rds:DescribeDBInstances rds:DescribeEvents on *']],
    ['Ask', publish],
    ['Act', [workers]],
    ['Escalate', publish],
    ['Close', [workers, ...publish]],
    ['Notify', [...publish, announce]],
  ])('%s: its log, the table, and no more than it needs', (name, grants) => {
    expect(grantsOf(name)).toEqual([log(name), table, ...grants].sort());
  });

  test('the tick reads what there is to do and calls four functions', () => {
    expect(grantsOf('Tick')).toEqual(
      [
        log('Tick'),
        `Allow dynamodb:Query on ${TABLE_ARN}`,
        'Allow cloudwatch:DescribeAlarms on *',
        'Allow lambda:InvokeFunction on <Follow.Arn> <Notify.Arn> <Reconcile.Arn> <Sample.Arn>',
      ].sort(),
    );
    const query = statementsOf(shared, 'TickRole').find(({ Action }) => Action.includes('dynamodb:Query'));
    expect(query?.Condition).toEqual({
      'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ROSTER', 'NOTICES'] },
    });
  });

  test('no function has a managed policy or shares its role', () => {
    const roles = Object.values(shared.findResources('AWS::IAM::Role'));
    expect(roles).toHaveLength(13);
    for (const role of roles) expect(role).not.toHaveProperty('Properties.ManagedPolicyArns');
  });

  test('none of them is in a VPC', () => {
    shared.resourcePropertiesCountIs('AWS::Lambda::Function', { VpcConfig: Match.anyValue() }, 0);
  });
});

describe('a key of the customer', () => {
  const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9';
  const { shared: encrypted } = templatesOf(configText('    mode: approve', `encryption: { keyArn: '${KEY}' }`));
  const usesOf = (role: string) =>
    statementsOf(encrypted, `${role}Role`)
      .filter(({ Action }) => Action.some((action) => action.startsWith('kms:')))
      .map(({ Action, Resource, Condition }) => ({
        for: Condition === undefined ? 'topic or queue' : 'table',
        Action,
        Resource,
      }));

  test('encrypts the table, the topic, every queue and every log, and there is no other key', () => {
    const all = (type: string, property: (properties: never) => unknown) =>
      Object.values(encrypted.findResources(type)).map((resource) => property(resource['Properties'] as never));
    const keys = [
      ...all(
        'AWS::DynamoDB::Table',
        ({ SSESpecification }: { SSESpecification: { KMSMasterKeyId: string } }) => SSESpecification.KMSMasterKeyId,
      ),
      ...all('AWS::SNS::Topic', ({ KmsMasterKeyId }: { KmsMasterKeyId: string }) => KmsMasterKeyId),
      ...all('AWS::SQS::Queue', ({ KmsMasterKeyId }: { KmsMasterKeyId: string }) => KmsMasterKeyId),
      ...all('AWS::Logs::LogGroup', ({ KmsKeyId }: { KmsKeyId: string }) => KmsKeyId),
    ];
    expect(keys.length).toBeGreaterThan(12);
    expect(new Set(keys)).toEqual(new Set([KEY]));
    encrypted.resourceCountIs('AWS::KMS::Key', 0);
  });

  test.each([
    ['Diagnose', ['table']],
    ['Act', ['table']],
    ['Decide', ['table']],
    ['Tick', ['table']],
    ['Notify', ['table', 'topic or queue']],
    ['Dispatch', ['table', 'topic or queue']],
  ])('%s may use it for what it uses, and for the table only by way of DynamoDB', (role, uses) => {
    const found = usesOf(role);
    expect([...new Set(found.map((use) => use.for))].sort()).toEqual(uses);
    for (const { Action, Resource } of found) {
      expect(Resource).toEqual([KEY]);
      expect(Action.join()).not.toContain('*');
    }
  });
});

describe('the event bus', () => {
  const CENTRAL = 'arn:aws:events:eu-central-1:999988887777:event-bus/incidents';
  const ANNOUNCERS = ['Dispatch', 'Reconcile', 'Notify'];
  const putsOf = (template: Template, role: string) =>
    statementsOf(template, `${role}Role`).filter(({ Action }) => Action.includes('events:PutEvents'));

  test('may be one of another account: those that tell of incidents may put events on it, and on nothing else', () => {
    const central = templatesOf(configText('', `events: { bus: '${CENTRAL}' }`)).shared;
    for (const name of ANNOUNCERS) {
      expect(putsOf(central, name).map(inShort)).toEqual([`Allow events:PutEvents on ${CENTRAL}`]);
      central.hasResourceProperties('AWS::Lambda::Function', {
        FunctionName: `headroom-${name.toLowerCase()}`,
        Environment: {
          Variables: Match.objectLike({
            HEADROOM_EVENT_BUS_ARN: CENTRAL,
            HEADROOM_PREFIX: 'headroom',
            HEADROOM_STATE_MACHINE_ARN: Match.anyValue(),
          }),
        },
      });
    }
  });

  test('may be none: then no function may put events anywhere, and none tries to', () => {
    const { shared: silent } = templatesOf(configText('', 'events: { bus: none }'));
    expect(JSON.stringify(silent.toJSON())).not.toMatch(/PutEvents|EVENT_BUS/);
  });
});

describe('every control function', () => {
  const NAMES = [
    'dispatch',
    'register',
    'reconcile',
    'sample',
    'diagnose',
    'ask',
    'act',
    'escalate',
    'close',
    'notify',
  ];

  test('an act may take as long as the policy with the longest grace lets its worker take', () => {
    const answerSlack = 20;
    const look = 10 + 20 + answerSlack;
    const longestGrace = 60;
    expect(() => policy.parse({ ages: { cancelGraceSeconds: longestGrace + 1 } })).toThrow();
    const end = 30 + longestGrace + answerSlack;
    expect(CONTROL_FUNCTIONS.act.timeoutSeconds).toBeGreaterThan(look + end);
  });

  test.each(NAMES)('%s runs on Node 24 on arm64, with an end to its log and what the contract tells it', (name) => {
    shared.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: `headroom-${name}`,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: Match.anyValue(),
      MemorySize: Match.anyValue(),
      LoggingConfig: Match.objectLike({ LogFormat: 'JSON', LogGroup: Match.anyValue() }),
      Environment: {
        Variables: Match.objectLike({ HEADROOM_TABLE: Match.anyValue(), HEADROOM_TOPIC_ARN: Match.anyValue() }),
      },
    });
    shared.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: `/aws/lambda/headroom-${name}`,
      RetentionInDays: 90,
    });
  });

  test('the tick knows the functions it calls, and the prefix of the alarms', () => {
    shared.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'headroom-tick',
      Environment: {
        Variables: {
          HEADROOM_TABLE: 'headroom-incidents',
          HEADROOM_PREFIX: 'headroom',
          HEADROOM_SAMPLE: { Ref: Match.stringLikeRegexp('^Sample') },
          HEADROOM_RECONCILE: { Ref: Match.stringLikeRegexp('^Reconcile') },
        },
      },
    });
  });

  test('the sampler knows the function it dispatches to', () => {
    shared.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'headroom-sample',
      Environment: { Variables: Match.objectLike({ HEADROOM_DISPATCH: { Ref: Match.stringLikeRegexp('^Dispatch') } }) },
    });
  });

  test('a call of the sampler may take the samples of a minute, and the last of them its time', () => {
    const [lastSampleAt, longestSample, answerSlack] = [50, 5, 20];
    expect(CONTROL_FUNCTIONS.sample.timeoutSeconds).toBeGreaterThan(lastSampleAt + longestSample + answerSlack);
  });

  test.each(['dispatch', 'reconcile', 'notify'])('%s knows the workflow', (name) => {
    shared.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: `headroom-${name}`,
      Environment: { Variables: Match.objectLike({ HEADROOM_STATE_MACHINE_ARN: Match.anyValue() }) },
    });
  });
});

describe('events that arrive late or not at all', () => {
  test('dispatch is tried three times within five minutes, then the event goes to a queue', () => {
    shared.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('^Dispatch') },
      MaximumEventAgeInSeconds: 300,
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });

  test('one rule takes the alarms of every target that go to ALARM, and no other', () => {
    const arn = 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:headroom-*';
    shared.hasResourceProperties('AWS::Events::Rule', {
      Name: 'headroom-alarms',
      EventPattern: {
        source: ['aws.cloudwatch'],
        'detail-type': ['CloudWatch Alarm State Change'],
        resources: ['connections-high', 'connections-critical', 'usage-high'].map((ending) => ({
          wildcard: `${arn}-${ending}`,
        })),
        detail: { state: { value: ['ALARM'] } },
      },
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Dispatch'), 'Arn'] },
          Input: Match.absent(),
          InputTransformer: Match.absent(),
          RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 3 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DispatchFailures'), 'Arn'] } },
        }),
      ],
    });
  });

  test('one rule calls the tick every minute, with no second try', () => {
    shared.hasResourceProperties('AWS::Events::Rule', {
      Name: 'headroom-tick',
      ScheduleExpression: 'rate(1 minute)',
      Targets: [Match.objectLike({ RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 } })],
    });
    shared.resourceCountIs('AWS::Events::Rule', 4);
  });

  test('one rule takes the events of RDS that may change a target, of this account, and no backups', () => {
    shared.hasResourceProperties('AWS::Events::Rule', {
      Name: 'headroom-rds-events',
      EventPattern: {
        source: ['aws.rds'],
        account: ['111122223333'],
        'detail-type': ['RDS DB Instance Event', 'RDS DB Cluster Event'],
        detail: { EventCategories: Match.arrayWith(['availability', 'configuration change', 'failover']) },
      },
      Targets: [Match.objectLike({ RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 2 } })],
    });
  });

  test.each(['Reconcile', 'Sample', 'Tick'])(
    'a call of %s that failed is not repeated: the next minute brings it again',
    (name) => {
      shared.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
        FunctionName: { Ref: Match.stringLikeRegexp(`^${name}`) },
        MaximumEventAgeInSeconds: 60,
        MaximumRetryAttempts: 0,
      });
    },
  );

  test('a workflow that failed, timed out or was stopped leads to the reconciler, with the event as it is', () => {
    shared.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [{ Ref: Match.stringLikeRegexp('^WorkflowStateMachine') }],
        },
      },
      Targets: [Match.objectLike({ Input: Match.absent(), InputTransformer: Match.absent() })],
    });
  });

  test.each(['Dispatch', 'Reconcile', 'Sample'])(
    '%s lets in the rules that an earlier version made for each target',
    (name) => {
      shared.hasResourceProperties('AWS::Lambda::Permission', {
        FunctionName: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${name}`), 'Arn'] },
        Principal: 'events.amazonaws.com',
        SourceArn: 'arn:aws:events:eu-west-1:111122223333:rule/headroom-target-*',
      });
    },
  );
});

test('the list of targets is written before the table, of which a new installation has none yet', () => {
  const [listed] = Object.values(shared.findResources('Custom::HeadroomTargets'));
  expect(listed).toMatchObject({
    Properties: {
      ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:headroom-register',
      Targets: ['orders'],
    },
    DependsOn: expect.arrayContaining([expect.stringMatching(/^Register/)]) as unknown,
  });
});

test('the stack says where to subscribe, where records are and which workflow runs', () => {
  expect(Object.keys(shared.findOutputs('*')).sort()).toEqual([
    'IncidentTableName',
    'NoticesTopicArn',
    'StateMachineArn',
  ]);
});
