import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import type { HeadroomConfig } from '../../../lib/config/schema.ts';
import { workerAccessOf } from '../../../local/runtime/worker-access.ts';
import { toSynthesizedConfig } from '../../../local/synthesis/local-config.ts';

const CONFIG = parseConfig(
  `
installation: { account: '123456789012', region: eu-west-1 }
targets:
  - id: orders
    engine: postgres
    auth: { mode: url, variable: ORDERS_URL }
    policy: { reliefPercent: 60 }
  - id: billing
    engine: postgres
    instance: billing
    resourceId: db-ABCDEFGHIJKL
    endpoint: { host: billing.example.com }
    network: { vpcId: vpc-0123456789abcdef0, subnetIds: [subnet-0123456789abcdef0] }
    maxConnections: 100
`,
  'headroom.yaml',
);

function accessFor(url: string) {
  const [target] = CONFIG.targets;
  if (target === undefined) throw new Error('the configuration has a target');
  return workerAccessOf(CONFIG, target, { ORDERS_URL: url, AWS_PROFILE: 'production' });
}

describe('a worker on this machine', () => {
  test.each([
    ['postgres://u:p@db.example.com/orders', 'db.example.com:5432'],
    ['postgres://u:p@db.example.com:6432/orders', 'db.example.com:6432'],
    ['postgres://u:p@[2001:DB8::1]/orders', '2001:db8::1:5432'],
  ])('with %s may reach exactly %s', (url, server) => {
    expect(accessFor(url).reachable).toEqual([server]);
  });

  test('is given its settings and its URLs, and nothing else of the environment', () => {
    const { environment } = accessFor('postgres://u:p@db.example.com/orders');
    expect(Object.keys(environment).sort()).toEqual(['HEADROOM_WORKER', 'ORDERS_URL']);
    expect(JSON.parse(environment['HEADROOM_WORKER'] ?? '')).toMatchObject({
      auth: { mode: 'url', variable: 'ORDERS_URL', canaryVariable: null },
    });
    expect(environment['HEADROOM_WORKER']).not.toContain('db.example.com');
  });
});

describe('what is synthesized for a local run', () => {
  test('has the local targets with their policy as it is written, and no account of anybody', () => {
    const { installation, targets } = toSynthesizedConfig(CONFIG);
    expect(installation).toMatchObject({ account: '000000000000', region: 'us-east-1' });
    expect(targets.map(({ id }) => id)).toEqual(['orders']);
    expect(targets[0]).toMatchObject({ auth: { mode: 'iam' }, policy: CONFIG.targets[0]?.policy });
  });

  test('is nothing when no target is local', () => {
    const remote: HeadroomConfig = { ...CONFIG, targets: CONFIG.targets.filter(({ auth }) => auth.mode !== 'url') };
    expect(() => toSynthesizedConfig(remote)).toThrow('auth: {mode: url, variable: NAME}');
  });
});
