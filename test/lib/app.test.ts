import { CfnResource, Stack, type App } from 'aws-cdk-lib';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { buildApp, type BuildOptions } from '../../lib/app.ts';
import { parseConfig, parseInstallations } from '../../lib/config/config.ts';
import { ConfigInvalid } from '../../lib/config/problems.ts';
import { addChecks } from '../../lib/house/aws-solutions.ts';
import { configText } from '../support/templates.ts';

const EXAMPLE = join(import.meta.dirname, '../../headroom.example.yaml');
let outdir: string;

beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'headroom-app-'));
});
afterAll(() => {
  rmSync(outdir, { recursive: true, force: true });
});

function build(text = configText(), options: BuildOptions = { deployable: false }): App {
  const folder = mkdtempSync(join(outdir, 'a-'));
  return buildApp(parseConfig(text, 'headroom.yaml'), { outdir: folder, ...options });
}

function stackOf(app: App, id: string): Stack {
  const stack = app.node.findChild(id);
  if (!(stack instanceof Stack)) throw new TypeError(`${id} is no stack`);
  return stack;
}

describe('the app of an installation', () => {
  test('is a shared stack, one for each VPC, and one for each target, which comes after both', () => {
    const assembly = build(readFileSync(EXAMPLE, 'utf8')).synth();
    expect(assembly.stacks.map((stack) => stack.stackName).sort()).toEqual([
      'headroom-network-vpc-0a1b2c3d4e5f60718',
      'headroom-shared',
      'headroom-target-billing',
      'headroom-target-orders',
    ]);
    const dependenciesOf = (stack: string) => assembly.getStackByName(stack).dependencies.map(({ id }) => id);
    // So that the limits of a target that left are lifted before its worker is cut off.
    expect(dependenciesOf('headroom-network-vpc-0a1b2c3d4e5f60718')).toContain('headroom-shared');
    expect(dependenciesOf('headroom-target-orders')).toEqual(
      expect.arrayContaining(['headroom-shared', 'headroom-network-vpc-0a1b2c3d4e5f60718']),
    );
  });

  test('names account and region itself, and looks nothing up', () => {
    const assembly = build().synth();
    for (const stack of assembly.stacks) {
      expect(stack.environment).toMatchObject({ account: '111122223333', region: 'eu-west-1' });
    }
    expect(assembly.manifest.missing ?? []).toEqual([]);
  });

  test('begins every name with the prefix', () => {
    const app = build(configText().replace('{ account', '{ prefix: team-a, account'));
    const names = app.synth().stacks.map((stack) => JSON.stringify(stack.template));
    for (const text of names) {
      for (const [, name] of text.matchAll(/"(?:FunctionName|TableName|TopicName|QueueName|AlarmName)":"([^"]+)"/g)) {
        expect(name).toMatch(/^team-a-/);
      }
    }
  });

  test('no stack imports from another, so that each can go at any time', () => {
    for (const stack of build().synth().stacks) {
      expect(JSON.stringify(stack.template)).not.toMatch(/ImportValue|"Export":/);
    }
  });

  test('url targets are refused one by one, with the fix', () => {
    const text = `${configText()}
  - { id: staging, engine: postgres, auth: { mode: url, variable: A } }
  - { id: laptop, engine: mysql, auth: { mode: url, variable: B } }`;
    expect(() => build(text)).toThrow(ConfigInvalid);
    expect(() => build(text)).toThrow(/target "staging" is for runs on this machine only[^]*target "laptop"/);
  });

  test('without account and region nothing is built', () => {
    expect(() => build('targets: [{ id: a, engine: postgres, auth: { mode: url, variable: A } }]')).toThrow(
      /installation\.account: is missing[^]*installation\.region: is missing/,
    );
  });
});

describe('the app of several installations', () => {
  const entry = (name: string, region: string, prefix: string): object => {
    const own = configText()
      .replaceAll('eu-west-1', region)
      .replaceAll('orders-prod', `${name}-prod`)
      .replace(/vpc-\w+/, `vpc-0a1b2c3d${Buffer.from(region).toString('hex').slice(0, 8)}`)
      .replace(/db-\w+/, `db-${name.toUpperCase()}ABCDEFGHIJKLM`);
    const { installation, targets } = z
      .object({ installation: z.object(), targets: z.array(z.unknown()) })
      .parse(parse(own));
    return { name, ...installation, account: '111122223333', region, prefix, targets };
  };
  const fleet = stringify({
    installations: [
      entry('eu', 'eu-west-1', 'headroom'),
      entry('us', 'us-east-1', 'headroom'),
      entry('lab', 'us-east-1', 'lab'),
    ],
  });

  test('has the stacks of each in its own place; the same names in two regions are told apart by the installation', () => {
    const folder = mkdtempSync(join(outdir, 'fleet-'));
    const app = buildApp(parseInstallations(fleet, 'fleet.yaml'), { outdir: folder, deployable: false });
    addChecks(app);
    const stacks = app.synth().stacks.map(({ id, stackName, environment }) => [id, stackName, environment.region]);
    const networks = stacks.filter(([, name]) => name?.includes('-network-'));
    expect(networks.map(([id]) => id?.split('-network-')[0]).sort()).toEqual([
      'eu--headroom',
      'lab--lab',
      'us--headroom',
    ]);
    expect(networks.filter(([id, name]) => !id?.endsWith(`--${name ?? ''}`))).toEqual([]);
    expect(stacks.filter((stack) => !networks.includes(stack)).sort()).toEqual([
      ['eu--headroom-shared', 'headroom-shared', 'eu-west-1'],
      ['eu--headroom-target-orders', 'headroom-target-orders', 'eu-west-1'],
      ['lab--lab-shared', 'lab-shared', 'us-east-1'],
      ['lab--lab-target-orders', 'lab-target-orders', 'us-east-1'],
      ['us--headroom-shared', 'headroom-shared', 'us-east-1'],
      ['us--headroom-target-orders', 'headroom-target-orders', 'us-east-1'],
    ]);
  });
});

describe('the bundles', () => {
  test("the worker's holds its code and the region's certificates, nothing else", () => {
    const { directory } = build(configText(), { deployable: true }).synth();
    const worker = readdirSync(directory).find(
      (entry) => entry.startsWith('asset.') && readdirSync(join(directory, entry)).includes('rds-ca.pem'),
    );
    const files = readdirSync(join(directory, worker ?? ''));
    expect(files).toContain('index.mjs');
    expect(files.filter((file) => !file.endsWith('.mjs'))).toEqual(['rds-ca.pem']);
    expect(readFileSync(join(directory, worker ?? '', 'rds-ca.pem'), 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(
      3,
    );
  });
});

describe('the AwsSolutions rules', () => {
  const VARIANTS = {
    'IAM authentication': configText(),
    'secrets by an endpoint': configText(
      `    auth: { mode: secret, secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf', secretsAccess: endpoint }`,
    ),
    'a database group that is managed': configText().replace(
      'databaseSecurityGroupId',
      'manageIngress: true, databaseSecurityGroupId',
    ),
    'a key of the customer': configText(
      '',
      `encryption: { keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9' }`,
    ),
    'a region that is newer than the tools': configText('    tls: { mode: require }')
      .replaceAll('eu-west-1', 'xx-nowhere-1')
      .replace('.xx-nowhere-1.rds.amazonaws.com', '.example.com'),
  };

  test.each(Object.entries(VARIANTS))('find nothing to object to: %s', (_, text) => {
    const app = build(text);
    addChecks(app);
    expect(() => app.synth()).not.toThrow();
  });

  test('do look: a bucket with nothing set is objected to', () => {
    const app = build();
    new Bucket(stackOf(app, 'headroom-shared'), 'Bad');
    addChecks(app);
    expect(() => app.synth()).toThrow(/[Vv]alidation/);
  });

  test('do look at what is acknowledged: another pattern of resources is objected to', () => {
    const app = build();
    const role = stackOf(app, 'headroom-shared').node.findChild('Default').node.findChild('ActRole');
    if (!(role instanceof Role)) throw new TypeError('ActRole is no role');
    role.addToPolicy(new PolicyStatement({ actions: ['rds:RebootDBInstance'], resources: ['*'] }));
    addChecks(app);
    expect(() => app.synth()).toThrow(/[Vv]alidation/);
  });
});

test("CloudFormation's own rules look, unless somebody who deploys nothing says otherwise", () => {
  const wrong = (options: BuildOptions): App => {
    const app = build(configText(), options);
    const properties = { NoSuchProperty: 1 };
    new CfnResource(stackOf(app, 'headroom-shared'), 'Wrong', { type: 'AWS::SNS::Topic', properties });
    return app;
  };
  expect(() => wrong({}).synth()).toThrow(/NoSuchProperty/);
  expect(() => wrong({ deployable: false }).synth()).not.toThrow();
});

/** What docs/install.md says of each step. */
describe('an installation whose configuration changes', () => {
  const twoTargets = readFileSync(EXAMPLE, 'utf8');
  const templatesIn = (text: string) =>
    new Map(
      build(text)
        .synth()
        .stacks.map((stack) => [stack.stackName, JSON.stringify(stack.template)]),
    );
  const before = () => templatesIn(twoTargets);

  test('takes a target that left off the list, and forgets its stack: somebody has to delete it', () => {
    const after = templatesIn(twoTargets.slice(0, twoTargets.indexOf('  - id: billing')));
    expect([...after.keys()].sort()).toEqual(
      [...before().keys()].filter((name) => name !== 'headroom-target-billing').sort(),
    );
    const changed = [...after].filter(([name, template]) => before().get(name) !== template);
    // The group of the VPC no longer reaches its database.
    expect(changed.map(([name]) => name).sort()).toEqual(['headroom-network-vpc-0a1b2c3d4e5f60718', 'headroom-shared']);
    expect(before().get('headroom-shared')).toContain('"Targets":["orders","billing"]');
    expect(after.get('headroom-shared')).toContain('"Targets":["orders"]');
  });

  test('gives a renamed target a stack of its own, and forgets the old one beside it', () => {
    const after = templatesIn(twoTargets.replace('id: billing', 'id: invoices'));
    expect([...after.keys()].sort()).toEqual(
      [...before().keys()].map((name) => name.replace('billing', 'invoices')).sort(),
    );
    // Nothing of the old one's names is used again, so both can be there at once.
    const names = (template = ''): string[] => [
      ...(template.match(/"[A-Za-z]*Name":"[^"]*(?:billing|invoices)[^"]*"/g) ?? []),
    ];
    const old = names(before().get('headroom-target-billing'));
    const own = names(after.get('headroom-target-invoices'));
    expect(old.length).toBeGreaterThan(4);
    expect(own.filter((name) => old.includes(name) && !name.includes('billing-prod'))).toEqual([]);
  });

  test('is another installation under another prefix: no name is the same', () => {
    const after = templatesIn(twoTargets.replace('installation:', 'installation:\n  prefix: team-a'));
    const namesIn = (templates: ReadonlyMap<string, string>) =>
      [...templates.values()].flatMap((template) =>
        [
          ...template.matchAll(
            /"(?:FunctionName|TableName|TopicName|QueueName|AlarmName|StateMachineName)":"([^"]+)"/g,
          ),
        ].map(([, name]) => name),
      );
    const old = namesIn(before());
    expect(old.length).toBeGreaterThan(30);
    expect(namesIn(after).filter((name) => old.includes(name))).toEqual([]);
    expect([...after.keys()].filter((name) => before().has(name))).toEqual([]);
  });

  test('leaves nothing behind when it is deleted but the incident table', () => {
    const kept = [...before().values()].flatMap((template) => {
      const { Resources } = z
        .object({
          Resources: z.record(z.string(), z.object({ Type: z.string(), DeletionPolicy: z.string().optional() })),
        })
        .parse(JSON.parse(template));
      return Object.values(Resources).filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete');
    });
    expect(kept).toEqual([{ Type: 'AWS::DynamoDB::Table', DeletionPolicy: 'RetainExceptOnCreate' }]);
  });
});
