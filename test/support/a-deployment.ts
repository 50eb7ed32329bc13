import * as cloudFormation from '@aws-sdk/client-cloudformation';
import * as iam from '@aws-sdk/client-iam';
import * as sns from '@aws-sdk/client-sns';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../lib/app.ts';
import { toTargetSettings, toWorkerSettings } from '../../lib/config/settings.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { namesOf } from '../../lib/house/names.ts';
import { readVersion } from '../../lib/house/package.ts';
import { VERSION_TAG } from '../../lib/house/version.ts';
import { Refused, serveQuery, type QueryStandIn } from './aws-query.ts';

/** What is not as it should be with a deployment. */
export interface DeploymentChanges {
  readonly stackStatus?: string;
  readonly version?: string;
  readonly functionState?: string;
  readonly workerSettings?: object;
  readonly alarmState?: string;
  readonly withoutAlarms?: boolean;
  readonly subscriptions?: readonly sns.Subscription[];
  /** The decision about every permission of the worker. */
  readonly decision?: string;
  readonly sums?: Readonly<Record<string, number>>;
  /** Query operations that the credentials may not call. */
  readonly denied?: readonly string[];
}

/** The names of the functions that a deployment of a configuration makes, as its templates have them. */
function deployedFunctions(config: HeadroomConfig): ReadonlySet<unknown> {
  const outdir = mkdtempSync(join(tmpdir(), 'headroom-test-'));
  try {
    const stacks = buildApp(config, { outdir, deployable: false }).node.children.filter((each) => Stack.isStack(each));
    return new Set(
      stacks.flatMap((stack) =>
        Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')).map(
          (resource) => (resource as { Properties: { FunctionName?: unknown } }).Properties.FunctionName,
        ),
      ),
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function notFound(name: string): Response {
  const headers = { 'x-amzn-errortype': 'ResourceNotFoundException' };
  return Response.json({ Type: 'User', Message: `Function not found: ${name}` }, { status: 404, headers });
}

const CONFIRMED = 'arn:aws:sns:us-east-1:111122223333:headroom-notices:0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';
const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'rds-db:connect', Resource: 'arn:aws:rds-db:us-east-1:111122223333:dbuser:db-X/a' },
    { Effect: 'Allow', Action: ['xray:*', 'logs:PutLogEvents'], Resource: ['*'] },
    { Effect: 'Deny', Action: 'ec2:DescribeSubnets', Resource: '*', Condition: { ArnEquals: { a: 'b' } } },
  ],
};

/**
 * A stand-in for the APIs that show an installation: CloudFormation, IAM, SNS, CloudWatch, and Lambda's
 * GetFunctionConfiguration. Every other call goes to `others`, where functions really run.
 */
export function serveDeployment(
  { config, target, others }: { readonly config: HeadroomConfig; readonly target: Target; readonly others: string },
  changes: DeploymentChanges = {},
): Promise<QueryStandIn> {
  const names = namesOf(config.installation.prefix);
  const { subscriptions = [{ Endpoint: 'dba@example.com', Protocol: 'email', SubscriptionArn: CONFIRMED }] } = changes;
  const worker = names.worker(target.id);
  const functionNames = deployedFunctions(config);
  const operations = {
    DescribeStacks: {
      schema: cloudFormation.DescribeStacks$,
      answer: () => ({
        Stacks: [names.sharedStack, names.networkStack(target.network?.vpcId ?? ''), names.targetStack(target.id)].map(
          (StackName) => ({
            StackName,
            CreationTime: new Date(0),
            StackStatus: changes.stackStatus ?? 'UPDATE_COMPLETE',
            Tags: [{ Key: VERSION_TAG, Value: changes.version ?? readVersion() }],
          }),
        ),
      }),
    },
    ListRolePolicies: {
      schema: iam.ListRolePolicies$,
      answer: () => ({ PolicyNames: ['DefaultPolicy'], IsTruncated: false }),
    },
    GetRolePolicy: {
      schema: iam.GetRolePolicy$,
      answer: (request: ReadonlyMap<string, string>) => ({
        RoleName: request.get('RoleName'),
        PolicyName: request.get('PolicyName'),
        PolicyDocument: encodeURIComponent(JSON.stringify(POLICY)),
      }),
    },
    SimulatePrincipalPolicy: {
      schema: iam.SimulatePrincipalPolicy$,
      answer: (request: ReadonlyMap<string, string>) => ({
        EvaluationResults: [...request]
          .filter(([field]) => field.startsWith('ActionNames.member.'))
          .map(([, EvalActionName]) => ({
            EvalActionName,
            EvalResourceName: request.get('ResourceArns.member.1'),
            EvalDecision: request.get('PolicySourceArn')?.endsWith(worker)
              ? (changes.decision ?? 'allowed')
              : 'allowed',
            PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
          })),
        IsTruncated: false,
      }),
    },
    ListSubscriptionsByTopic: {
      schema: sns.ListSubscriptionsByTopic$,
      answer: () => ({ Subscriptions: subscriptions }),
    },
  };
  const denied = (name: string) => () => {
    throw new Refused('AccessDenied', `User is not authorized to perform: ${name}`, 403);
  };
  return serveQuery(
    Object.fromEntries(
      Object.entries(operations).map(([name, operation]) => [
        name,
        changes.denied?.includes(name) ? { ...operation, answer: denied(name) } : operation,
      ]),
    ),
    async (request) => {
      const asked = /GraniteServiceVersion20100801\.(\w+)/.exec(request.headers.get('x-amz-target') ?? '')?.[1];
      const body = (await request.clone().text()) || '{}';
      if (asked === 'DescribeAlarms') return Response.json(alarmsFor(JSON.parse(body) as object));
      if (asked === 'GetMetricStatistics')
        return Response.json(sumOf((JSON.parse(body) as { MetricName: string }).MetricName));
      const { pathname } = new URL(request.url);
      const name = /^\/2015-03-31\/functions\/([^/]+)\/configuration$/.exec(pathname)?.[1];
      if (name !== undefined) return functionNames.has(name) ? Response.json(configurationOf(name)) : notFound(name);
      return fetch(new URL(pathname + new URL(request.url).search, others), {
        method: request.method,
        headers: request.headers,
        ...(request.method === 'GET' ? {} : { body }),
      });
    },
  );

  function alarmsFor(asked: { AlarmNamePrefix?: string }) {
    const all = changes.withoutAlarms === true ? [] : toTargetSettings(config, target).alarms;
    return {
      MetricAlarms: [...all, names.selfAlarm('workflow-failed')]
        .filter((name) => name.startsWith(asked.AlarmNamePrefix ?? ''))
        .map((AlarmName) => ({
          AlarmName,
          StateValue: changes.alarmState ?? 'OK',
          StateReason: 'x',
          ActionsEnabled: true,
        })),
      CompositeAlarms: [],
    };
  }

  function sumOf(metric: string) {
    const { NumberOfNotificationsDelivered = 3, NumberOfNotificationsFailed = 0 } = changes.sums ?? {};
    const Sum = metric === 'NumberOfNotificationsFailed' ? NumberOfNotificationsFailed : NumberOfNotificationsDelivered;
    return { Label: metric, Datapoints: [{ Timestamp: 0, Sum, Unit: 'Count' }] };
  }

  function configurationOf(FunctionName: string): object {
    return {
      FunctionName,
      Role: `arn:aws:iam::111122223333:role/${FunctionName}`,
      State: changes.functionState ?? 'Active',
      LastUpdateStatus: 'Successful',
      Environment: {
        Variables:
          FunctionName === worker
            ? { HEADROOM_WORKER: JSON.stringify(changes.workerSettings ?? toWorkerSettings(config, target)) }
            : {},
      },
    };
  }
}
