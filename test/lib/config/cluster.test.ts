import { describe, expect, test } from 'vitest';
import { membersOf } from '../../../lib/config/cluster.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import { ConfigInvalid } from '../../../lib/config/problems.ts';
import { toTargetSettings, toWorkerSettings } from '../../../lib/config/settings.ts';
import { configText, statementsOf, templatesOf } from '../../support/templates.ts';

const DOMAIN = 'c0ffee00beef.eu-west-1.rds.amazonaws.com';
const CLUSTER = configText()
  .replace('instance: orders-prod', 'cluster: orders-cluster')
  .replace('db-ABCDEFGHIJKLMNOPQRSTUVWXY1', 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXY1')
  .replace(`orders-prod.${DOMAIN}`, `orders-cluster.cluster-${DOMAIN}`)
  .replace(/ {4}(maxConnections|reservedSlots): \d+\n/g, '');

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'headroom.yaml');
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('a cluster as a target', () => {
  test('is said once: its worker may reach members alone, by the ending that RDS gives them', () => {
    const config = parseConfig(CLUSTER, 'headroom.yaml');
    const [target] = config.targets;
    if (target === undefined) throw new Error('no target');
    expect(toWorkerSettings(config, target)).toMatchObject({
      instance: 'orders-cluster',
      host: null,
      members: `*.${DOMAIN}`,
      port: 5432,
    });
    expect(toTargetSettings(config, target)).toMatchObject({
      isCluster: true,
      instance: 'orders-cluster',
      resourceId: 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXY1',
    });
  });

  test('has one permission to log in, which holds for every member, and no alarms before members are found', () => {
    const { target } = templatesOf(CLUSTER);
    target.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    const login = statementsOf(target, 'WorkerRole').find(({ Action }) => Action.includes('rds-db:connect'));
    expect(JSON.stringify(login)).toContain('dbuser:cluster-ABCDEFGHIJKLMNOPQRSTUVWXY1/headroom_responder');
  });

  test.each([
    ['an instance besides', CLUSTER.replace('cluster:', 'instance: orders-prod\n    cluster:'), 'instance'],
    ['slots, which each member has', `${CLUSTER}    maxConnections: 200\n`, 'maxConnections'],
    ['the id of an instance', CLUSTER.replace('resourceId: cluster-', 'resourceId: db-'), 'resourceId'],
    ['no id', CLUSTER.replace(/ {4}resourceId.*\n/, ''), 'resourceId'],
    ['the endpoint of readers', CLUSTER.replace('.cluster-', '.cluster-ro-'), 'endpoint.host'],
    ['the endpoint of a member', CLUSTER.replace('orders-cluster.cluster-', 'orders-1.'), 'endpoint.host'],
    ['the endpoint of another cluster', CLUSTER.replace('host: orders-', 'host: others-'), 'endpoint.host'],
    ['the endpoint of a proxy', CLUSTER.replace('.cluster-', '.proxy-'), 'endpoint.host'],
    [
      'a password',
      `${CLUSTER}    auth: { mode: secret, secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf', secretsAccess: nat }\n`,
      'auth.mode',
    ],
  ])('is refused with %s', (_, text, field) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(`targets[0].${field}: `)]);
  });

  test('leaves the endpoint of a cluster refused for an instance', () => {
    const writer = configText().replace(`orders-prod.${DOMAIN}`, `orders-prod.cluster-${DOMAIN}`);
    expect(problemsOf(writer)).toEqual([expect.stringContaining('name the cluster itself: cluster')]);
  });
});

test('members of clusters in China listen under the ending of China', () => {
  expect(membersOf('shop.cluster-c0abc.rds.cn-north-1.amazonaws.com.cn')).toBe(
    '*.c0abc.rds.cn-north-1.amazonaws.com.cn',
  );
});
