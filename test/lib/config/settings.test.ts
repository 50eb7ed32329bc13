import { describe, expect, test } from 'vitest';
import { targetSettings } from '../../../functions/core/policy/target.ts';
import { workerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import type { HeadroomConfig, Target } from '../../../lib/config/schema.ts';
import { toTargetSettings, toWorkerSettings } from '../../../lib/config/settings.ts';
import { configText } from '../../support/templates.ts';

function parse(text: string): { config: HeadroomConfig; target: Target } {
  const config = parseConfig(text, '/etc/headroom/headroom.yaml');
  const [target] = config.targets;
  if (target === undefined) throw new Error('no target');
  return { config, target };
}

const aws = parse(configText());
const local = parse(`
targets:
  - { id: staging, engine: mysql, auth: { mode: url, variable: STAGING_URL }, tls: { ca: ca.pem } }
`);

describe('what the shared functions are told', () => {
  test('is what their own schema accepts, with names from the prefix', () => {
    const settings = toTargetSettings(aws.config, aws.target);
    expect(targetSettings.parse(settings)).toEqual(settings);
    expect(settings).toMatchObject({
      id: 'orders',
      endpoint: 'orders-prod.c0ffee00beef.eu-west-1.rds.amazonaws.com:5432',
      worker: 'headroom-worker-orders',
      maxConnections: 209,
    });
  });

  test('a local target is named after its id, and its address stays in the variable', () => {
    expect(toTargetSettings(local.config, local.target)).toMatchObject({
      instance: 'staging',
      endpoint: '$STAGING_URL',
    });
  });
});

describe('what the worker is told', () => {
  test('on AWS: host, login and the certificates of its bundle', () => {
    const settings = toWorkerSettings(aws.config, aws.target);
    expect(workerSettings.parse(settings)).toEqual(settings);
    expect(settings).toMatchObject({
      instance: 'orders-prod',
      auth: { mode: 'iam', region: 'eu-west-1', user: 'headroom_responder', canaryUser: 'headroom_canary' },
      tls: { mode: 'verify-full', ca: 'rds-ca.pem' },
    });
  });

  test('locally: the name of the variable, never an address, and the configured certificates', () => {
    const settings = toWorkerSettings(local.config, local.target);
    expect(workerSettings.parse(settings)).toEqual(settings);
    expect(settings).toMatchObject({
      host: null,
      port: null,
      database: null,
      auth: { mode: 'url', variable: 'STAGING_URL', canaryVariable: null },
      tls: { mode: 'verify-full', ca: '/etc/headroom/ca.pem' },
    });
  });

  test('what it may never do: protection, mode and shares as configured', () => {
    const bounds = (text: string) => {
      const { config, target } = parse(configText(text));
      return toWorkerSettings(config, target).bounds;
    };
    expect(bounds('    policy: { protect: { users: [boss] }, caps: { perTierPercent: 20 } }')).toEqual({
      mayEnd: false,
      mayLimit: false,
      protect: {
        users: ['boss'],
        applications: [],
        databases: [],
        clients: [],
        toolUsers: ['*'],
        exceptAdministrators: [],
      },
      perActPercent: 20,
      perHourPercent: 100,
    });
    expect(bounds('    mode: act')).toMatchObject({ mayEnd: true, mayLimit: true });
    expect(bounds('    mode: act\n    policy: { tiers: { cap-consumer: observe } }')).toMatchObject({
      mayEnd: true,
      mayLimit: false,
    });
    expect(bounds('    policy: { tiers: { kill-idle: approve } }')).toMatchObject({ mayEnd: true, mayLimit: false });
  });

  test('without verification there is nothing to trust', () => {
    const { config, target } = parse(configText('    tls: { mode: require }'));
    expect(toWorkerSettings(config, target).tls).toEqual({ mode: 'require', ca: null });
  });
});
