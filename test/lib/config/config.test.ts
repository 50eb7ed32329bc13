import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../lib/config/config.ts';
import { ConfigInvalid, type ConfigProblem } from '../../../lib/config/problems.ts';
import { configText } from '../../support/templates.ts';

function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    parseConfig(text, 'headroom.yaml');
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

function pathsOf(text: string): string[] {
  return problemsOf(text).map((problem) => problem.path);
}

function messageAt(text: string, path: string): string {
  const found = problemsOf(text).filter((problem) => problem.path === path);
  return found.map((problem) => problem.message).join('; ');
}

const LOCAL = `
targets:
  - id: staging
    engine: postgres
    auth: { mode: url, variable: STAGING_URL }
`;

function withHost(host: string): string {
  return configText().replace('orders-prod.c0ffee00beef.eu-west-1.rds.amazonaws.com', host);
}

describe('a valid configuration', () => {
  test('the example that ships is one', () => {
    const config = loadConfig(join(import.meta.dirname, '../../../headroom.example.yaml'));
    expect(config.targets.map((target) => target.id)).toEqual(['orders', 'billing']);
  });

  test('needs little for a server of your own, and ends nothing until told to', () => {
    const [target] = parseConfig(LOCAL, 'headroom.yaml').targets;
    expect(target).toMatchObject({ mode: 'observe', tls: { mode: 'verify-full' }, rehearsal: false });
    expect(target?.policy.triggerPercent).toBe(85);
  });

  test('logs in by IAM with the two usual users unless it says otherwise', () => {
    const [target] = parseConfig(configText(), 'headroom.yaml').targets;
    expect(target?.auth).toEqual({ mode: 'iam', user: 'headroom_responder', canaryUser: 'headroom_canary' });
  });

  test('reads certificate files relative to the file itself', () => {
    const config = parseConfig(`${LOCAL}    tls: { ca: certs/ca.pem }`, '/etc/headroom/headroom.yaml');
    expect(config.targets[0]?.tls.ca).toBe('/etc/headroom/certs/ca.pem');
  });

  test('a key with nothing behind it counts as not written', () => {
    expect(parseConfig(`${LOCAL}    policy:\n    network:`, 'headroom.yaml').targets[0]?.policy.reliefPercent).toBe(70);
  });
});

describe('defaults', () => {
  const text = (defaults: string, target = ''): string => configText(target, `defaults:\n${defaults}`);

  test('are merged under every target, key by key, and give way to what it says itself', () => {
    const config = parseConfig(
      text(
        '  mode: act\n  policy: { triggerPercent: 90, ages: { idleSeconds: 120 } }',
        '    policy: { ages: { querySeconds: 90 }, triggerPercent: 80 }',
      ),
      'headroom.yaml',
    );
    expect(config.targets[0]).toMatchObject({
      mode: 'act',
      policy: { triggerPercent: 80, ages: { idleSeconds: 120, querySeconds: 90 } },
    });
  });

  test('a login of another mode inherits nothing', () => {
    const config = parseConfig(`defaults: { auth: { mode: iam, user: somebody } }\n${LOCAL}`, 'headroom.yaml');
    expect(config.targets[0]?.auth).toEqual({ mode: 'url', variable: 'STAGING_URL' });
  });

  test('a mistake in them is named once, where it was made', () => {
    const two = `${configText('', 'defaults: { mode: maybe }')}\n  - { id: b, engine: mysql, auth: { mode: url, variable: B } }`;
    expect(problemsOf(two).map(({ path, value }) => [path, value])).toEqual([['defaults.mode', '"maybe"']]);
  });
});

describe('problems', () => {
  test('are all named at once, with line, value and fix', () => {
    const text = `
installation: { account: 12, region: Ireland, prefx: a }
targets:
  - id: Orders
    engine: postgress
    mode: aprove
    endpoint: { host: 'http://x', port: 70000 }
    network: { vpcId: vpc-1, subnetIds: [], manageIngress: true }
    policy: { triggerPercent: 101, ages: { idleSeconds: 3, idleSecond: 3 } }
`;
    expect(Object.fromEntries(problemsOf(text).map(({ path, line }) => [path, line]))).toEqual({
      'installation.account': 2,
      'installation.region': 2,
      'installation.prefx': 2,
      'targets[0].id': 4,
      'targets[0].instance': 4,
      'targets[0].maxConnections': 4,
      'targets[0].resourceId': 4,
      'targets[0].engine': 5,
      'targets[0].mode': 6,
      'targets[0].endpoint.host': 7,
      'targets[0].endpoint.port': 7,
      'targets[0].network.vpcId': 8,
      'targets[0].network.subnetIds': 8,
      'targets[0].network.manageIngress': 8,
      'targets[0].policy.triggerPercent': 9,
      'targets[0].policy.ages.idleSecond': 9,
      'targets[0].policy.ages.idleSeconds': 9,
    });
    expect(messageAt(text, 'installation.prefx')).toBe('unknown key; did you mean "prefix"?');
    expect(messageAt(text, 'targets[0].engine')).toContain('did you mean "postgres"?');
    expect(messageAt(text, 'targets[0].mode')).toContain('did you mean "approve"');
    expect(messageAt(text, 'targets[0].policy.triggerPercent')).toBe('must be at most 98');
    expect(messageAt(text, 'targets[0].policy.ages.idleSeconds')).toContain('at least 60 s');
  });

  test('name an event bus that is none, with what would be', () => {
    const bus = (value: string) => configText('', `events: { bus: '${value}' }`);
    for (const right of ['default', 'none', 'arn:aws-cn:events:cn-north-1:111122223333:event-bus/a/b.c'])
      expect(parseConfig(bus(right), 'headroom.yaml').events.bus).toBe(right);
    for (const wrong of ['incidents', 'arn:aws:sns:eu-west-1:111122223333:event-bus/a', 'off'])
      expect(messageAt(bus(wrong), 'events.bus')).toContain('"arn:aws:events:REGION:ACCOUNT:event-bus/NAME"');
    expect(parseConfig(configText(), 'headroom.yaml').events.bus).toBe('default');
  });

  test('name a key that is none, an alias, or a key of another region', () => {
    const key = (arn: string) => configText('', `encryption: { keyArn: '${arn}' }`);
    const id = 'key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9';
    expect(messageAt(key(`arn:aws:kms:us-east-1:111122223333:${id}`), 'encryption.keyArn')).toBe(
      'is a key of region us-east-1, and the installation is in eu-west-1; name a key there, or its replica',
    );
    for (const wrong of ['alias/mine', 'arn:aws:kms:eu-west-1:111122223333:alias/mine'])
      expect(messageAt(key(wrong), 'encryption.keyArn')).toContain('not of an alias');
    expect(parseConfig(key(`arn:aws:kms:eu-west-1:999988887777:${id}`), 'headroom.yaml').targets).toHaveLength(1);
  });

  test('are readable as a whole', () => {
    expect(() => parseConfig(`${LOCAL}    mod: act`, 'my.yaml')).toThrow(
      'my.yaml cannot be used, 1 problem:\n  line 6: targets[0].mod: unknown key; did you mean "mode"?',
    );
  });

  test('an unknown key that resembles nothing is answered with what is known there', () => {
    expect(messageAt(`${LOCAL}    tls: { zzz: 1 }`, 'targets[0].tls.zzz')).toBe('unknown key; known here: mode, ca');
  });

  test('of the YAML itself come with their line', () => {
    expect(problemsOf('targets:\n  - id: a\n   engine: [')[0]?.line).toBeGreaterThanOrEqual(2);
    expect(problemsOf('targets: []\ntargets: []')[0]).toMatchObject({ line: 2, message: 'Map keys must be unique' });
  });

  test.each([
    ['nothing', ''],
    ['a list', '- 1'],
    ['a word', 'x'],
  ])('%s instead of a configuration is refused', (_, text) => {
    expect(problemsOf(text)).toHaveLength(1);
  });

  test('no target at all is one', () => {
    expect(messageAt('targets: []', 'targets')).toBe('name at least one target');
  });

  test('a file that is not there is one, not a crash', () => {
    expect(() => loadConfig('/nowhere/headroom.yaml')).toThrow(ConfigInvalid);
  });

  test('never repeat what may be a secret', () => {
    const text = LOCAL.replace('STAGING_URL', "'postgres://admin:hunter2@db/'") + '    password: hunter2';
    expect(() => parseConfig(text, 'headroom.yaml')).toThrow(/variable that holds the URL/);
    expect(JSON.stringify(problemsOf(text))).not.toContain('hunter2');
  });
});

describe('an endpoint that is not one instance', () => {
  test.each([
    ['orders.cluster-c0ffee00beef.eu-west-1.rds.amazonaws.com', 'writer endpoint of a cluster'],
    ['orders.cluster-ro-c0ffee00beef.eu-west-1.rds.amazonaws.com', 'reader endpoint'],
    ['orders.cluster-custom-c0ffee00beef.eu-west-1.rds.amazonaws.com', 'custom endpoint'],
    ['orders.proxy-c0ffee00beef.eu-west-1.rds.amazonaws.com', 'RDS Proxy'],
    ['ro.endpoint.proxy-c0ffee00beef.eu-west-1.rds.amazonaws.com', 'RDS Proxy'],
    ['ORDERS.CLUSTER-C0FFEE00BEEF.EU-WEST-1.RDS.AMAZONAWS.COM', 'writer endpoint of a cluster'],
    ['orders.cluster-c0ffee00beef.rds.cn-north-1.amazonaws.com.cn', 'writer endpoint of a cluster'],
    ['orders.cluster-ro-c0ffee00beef.rds.cn-northwest-1.amazonaws.com.cn', 'reader endpoint'],
    ['orders.proxy-c0ffee00beef.rds.cn-north-1.amazonaws.com.cn', 'RDS Proxy'],
    ['orders.cluster-c0ffee00beef.eusc-de-east-1.rds.amazonaws.eu', 'writer endpoint of a cluster'],
  ])('%s is refused with the reason', (host, reason) => {
    const message = messageAt(withHost(host), 'targets[0].endpoint.host');
    expect(message).toContain(reason);
    expect(message).toContain('wrong server');
  });

  test('another instance than the alarms watch is refused', () => {
    const message = messageAt(withHost('billing.c0ffee00beef.eu-west-1.rds.amazonaws.com'), 'targets[0].endpoint.host');
    expect(message).toContain('instance "billing"');
  });

  test('one in another region than the installation is refused', () => {
    const message = messageAt(
      withHost('orders-prod.c0ffee00beef.us-east-1.rds.amazonaws.com'),
      'targets[0].endpoint.host',
    );
    expect(message).toContain('us-east-1');
  });

  test.each([
    ['cn-north-1', 'orders-prod.c0ffee00beef.rds.cn-north-1.amazonaws.com.cn'],
    ['eusc-de-east-1', 'orders-prod.c0ffee00beef.eusc-de-east-1.rds.amazonaws.eu'],
    ['us-gov-west-1', 'orders-prod.c0ffee00beef.us-gov-west-1.rds.amazonaws.com'],
  ])('the instance itself is accepted in %s, and its name and region are compared', (region, host) => {
    const text = (endpoint: string) =>
      withHost(endpoint).replace('region: eu-west-1', `region: ${region}`).concat('    tls: { ca: rds.pem }\n');
    expect(parseConfig(text(host), 'headroom.yaml').targets[0]?.endpoint?.host).toBe(host);
    const at = 'targets[0].endpoint.host';
    expect(messageAt(text(host.replace('orders-prod', 'billing')), at)).toContain('instance "billing"');
    expect(messageAt(withHost(host), at)).toContain(`is in region ${region}`);
  });

  test('a host that is not of RDS is none of these', () => {
    expect(parseConfig(withHost('db.internal.example.com'), 'headroom.yaml').targets).toHaveLength(1);
  });
});

describe('how fields stand to each other', () => {
  test('a target on AWS needs all that its stack is made of', () => {
    const text = 'targets: [{ id: a, engine: postgres }]';
    expect(pathsOf(text).sort()).toEqual([
      'installation.account',
      'installation.region',
      'targets[0].endpoint',
      'targets[0].instance',
      'targets[0].maxConnections',
      'targets[0].network',
      'targets[0].resourceId',
    ]);
  });

  test('ids and instances are not shared', () => {
    const twice = `${configText()}\n${configText().split('targets:\n')[1]}`;
    expect(pathsOf(twice)).toEqual(['targets[1].id', 'targets[1].instance']);
  });

  test('more names than fit into the environment of a worker are refused', () => {
    const names = JSON.stringify(Array.from({ length: 200 }, (_, n) => `batch-worker-${n}`));
    const text = `${configText()}    policy: { protect: { users: ${names} } }\n`;
    expect(messageAt(text, 'targets[0].policy.protect')).toContain('use prefixes');
  });

  test('a pattern that would silently protect nobody is refused', () => {
    const protecting = (list: string) => `${LOCAL}    policy: { protect: { ${list} } }`;
    const at = 'targets[0].policy.protect';
    expect(messageAt(protecting('applications: ["*batch*"]'), `${at}.applications[0]`)).toContain('at the end only');
    expect(messageAt(protecting('clients: ["10.1.0.0/33"]'), `${at}.clients[0]`)).toContain('"10.1.0.0/16"');
    expect(() =>
      parseConfig(protecting('users: ["batch-*", "*"], clients: ["10.1.*"]'), 'headroom.yaml'),
    ).not.toThrow();
  });

  test('relief stays under the trigger', () => {
    const text = configText('    policy: { triggerPercent: 72 }');
    expect(
      messageAt(text, 'targets[0].policy.triggerPercent') + messageAt(text, 'targets[0].policy.reliefPercent'),
    ).toContain('at least 5 points under');
  });

  test('a rehearsal may be quick, a real target may not', () => {
    const quick = '    policy: { ages: { idleSeconds: 1 } }';
    expect(pathsOf(configText(quick))).toEqual(['targets[0].policy.ages.idleSeconds']);
    expect(parseConfig(configText(`    rehearsal: true\n${quick}`), 'headroom.yaml').targets).toHaveLength(1);
  });

  test('reserves leave something for clients', () => {
    const text = configText().replace('reservedSlots: 9', 'reservedSlots: 209');
    expect(messageAt(text, 'targets[0].reservedSlots')).toContain('maxConnections (209)');
  });

  test('IAM authentication goes with TLS', () => {
    expect(pathsOf(configText('    tls: { mode: disable }'))).toEqual(['targets[0].tls.mode']);
  });
});

describe('what AWS would refuse is named before anything is built, with target and line', () => {
  test('settings that are longer than the table and CloudFormation take, by what makes them long', () => {
    const pools = Array.from({ length: 2_000 }, (_, index) => `{ name: application-${index}, instances: 1, size: 1 }`);
    const [problem, ...others] = problemsOf(configText(`    pools: [${pools.join(', ')}]`));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: 'targets[0].pools', line: 13 });
    expect(problem?.message).toMatch(
      /^the settings of target "orders" take \d+ characters, and Headroom takes 100000; name fewer pools$/,
    );
  });

  test('a region whose certificates do not come along, with where they are', () => {
    const inRegion = (region: string, target = '') =>
      configText(target)
        .replace('orders-prod.c0ffee00beef.eu-west-1.rds.amazonaws.com', 'db.example.com')
        .replace('region: eu-west-1', `region: ${region}`);
    for (const [region, address] of [
      ['il-central-1', 'https://truststore.pki.rds.amazonaws.com/il-central-1/il-central-1-bundle.pem'],
      [
        'us-gov-east-1',
        'https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-east-1/us-gov-east-1-bundle.pem',
      ],
      ['cn-north-1', 'https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/cn-north-1/cn-north-1-bundle.pem'],
      ['eusc-de-east-1', 'the RDS guide of that partition'],
    ] as const) {
      const [problem, ...others] = problemsOf(inRegion(region));
      expect(others).toEqual([]);
      expect(problem).toMatchObject({ path: 'targets[0].tls.ca', line: 5 });
      expect(problem?.message).toContain(address);
      expect(problem?.message).toContain('name the file in tls.ca');
      for (const tls of ['tls: { mode: require }', 'tls: { ca: rds.pem }']) {
        expect(parseConfig(inRegion(region, `    ${tls}`), 'headroom.yaml').targets).toHaveLength(1);
      }
    }
  });

  test('and none of it is said of a target for runs on this machine', () => {
    const pools = Array.from({ length: 200 }, (_, index) => `{ name: application-${index}, instances: 1, size: 1 }`);
    expect(parseConfig(`${LOCAL}    pools: [${pools.join(', ')}]`, 'headroom.yaml').targets).toHaveLength(1);
  });
});
