import { afterEach, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import { checkInstallation } from '../../../local/installation/check-installation.ts';
import { serveDeployment, type DeploymentChanges } from '../../support/a-deployment.ts';

afterEach(() => vi.unstubAllEnvs());

const config = parseConfig(
  `installation: { account: '111122223333', region: us-east-1 }
notify: { email: [dba@example.com] }
targets:
  - id: staging
    engine: postgres
    instance: staging
    resourceId: db-ABCDEFGHIJKLMNOP
    endpoint: { host: staging.c0ffee00beef.us-east-1.rds.amazonaws.com }
    network: { vpcId: vpc-0123456789abcdef0, subnetIds: [subnet-0123456789abcdef0] }
    maxConnections: 40
`,
  'headroom.yaml',
);

async function examine(changes: DeploymentChanges = {}) {
  const [target] = config.targets;
  if (target === undefined) throw new Error('the configuration has no target');
  const standIn = await serveDeployment({ config, target, others: 'http://127.0.0.1:1' }, changes);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
  vi.stubEnv('AWS_ENDPOINT_URL', standIn.url);
  try {
    return { findings: await checkInstallation(config, config.targets, Date.now()), calls: standIn.calls };
  } finally {
    await standIn.stop();
  }
}

it('finds nothing wrong where nothing is', async () => {
  const { findings } = await examine();
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
});

it.each<[string, DeploymentChanges, string, string, string]>([
  [
    'stacks',
    { stackStatus: 'UPDATE_ROLLBACK_FAILED' },
    'failed',
    'headroom-shared is in UPDATE_ROLLBACK_FAILED',
    'cdk deploy headroom-shared',
  ],
  ['stacks', { stackStatus: 'UPDATE_ROLLBACK_COMPLETE' }, 'warning', 'the one before it runs', 'cdk deploy'],
  ['stacks', { stackStatus: 'UPDATE_IN_PROGRESS' }, 'warning', 'UPDATE_IN_PROGRESS', 'wait'],
  ['version', { version: '0.0.9' }, 'warning', 'is of version 0.0.9', 'cdk diff'],
  ['functions', { functionState: 'Failed' }, 'failed', 'headroom-dispatch cannot be called', 'cdk deploy'],
  ['functions', { functionState: 'Inactive' }, 'warning', 'headroom-worker-staging is Inactive', 'check again'],
  [
    'deployed',
    { workerSettings: { engine: 'postgres' } },
    'warning',
    'has changed since it was deployed',
    'headroom-target-staging',
  ],
  [
    'permissions',
    { decision: 'explicitDeny' },
    'failed',
    'headroom-worker-staging may not rds-db:connect on arn:aws:rds-db',
    'the permissions boundary',
  ],
  ['alarms', { alarmState: 'INSUFFICIENT_DATA' }, 'failed', 'has no data', 'sampler'],
  ['alarms', { alarmState: 'ALARM' }, 'warning', 'is in ALARM', 'runbook'],
  ['alarms', { withoutAlarms: true }, 'failed', 'is not there', 'cdk deploy'],
  ['subscriptions', { subscriptions: [] }, 'failed', 'nobody is subscribed', 'notify.email'],
  [
    'subscriptions',
    { subscriptions: [{ Endpoint: 'dba@example.com', SubscriptionArn: 'PendingConfirmation' }] },
    'failed',
    'dba@example.com has not confirmed',
    'the mail',
  ],
  ['deliveries', { sums: { NumberOfNotificationsFailed: 2 } }, 'failed', '2 notifications failed', 'runbook'],
  ['deliveries', { sums: { NumberOfNotificationsDelivered: 0 } }, 'warning', 'nothing was sent', 'rehearse'],
])('%s: %j', async (id, changes, status, detail, fix) => {
  const { findings } = await examine(changes);
  expect(findings.filter((each) => each.status !== 'ok')).toEqual([
    expect.objectContaining({
      id,
      status,
      detail: expect.stringContaining(detail) as string,
      fix: expect.stringContaining(fix) as string,
    }),
  ]);
});

it('says what the credentials do not allow it to try, and tries the rest', async () => {
  const denied = ['DescribeStacks', 'SimulatePrincipalPolicy', 'ListSubscriptionsByTopic'];
  const { findings } = await examine({ denied });
  expect(findings.map(({ id, status }) => [id, status])).toEqual([
    ['stacks', 'not-reached'],
    ['version', 'not-reached'],
    ['functions', 'ok'],
    ['deployed', 'ok'],
    ['permissions', 'not-reached'],
    ['alarms', 'ok'],
    ['subscriptions', 'not-reached'],
    ['deliveries', 'ok'],
  ]);
  expect(findings[4]?.detail).toContain('not tried: it takes iam:ListRolePolicies');
});

it('only reads', async () => {
  const { calls } = await examine();
  expect(calls.filter((call) => !/^(Describe|List|Get|Simulate)/.test(call))).toEqual([]);
});
