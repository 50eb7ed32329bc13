import { App, Fn, SecretValue, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { buildStacks } from '../../docs/examples/across-stacks.ts';
import { LedgerStack } from '../../docs/examples/cluster.ts';
import { buildStack } from '../../docs/examples/imported.ts';
import { ShopStack } from '../../docs/examples/same-stack.ts';
import { workerSettings } from '../../functions/core/protocol/worker-settings.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import { addChecks } from '../../lib/house/aws-solutions.ts';
import { ConfigInvalid, Headroom, type ProtectProps } from '../../lib/index.ts';
import { configText, inShort, statementsOf, templatesOf } from '../support/templates.ts';

const newApp = (): App =>
  new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { ...cdkJson.context, [DISABLE_ASSET_STAGING_CONTEXT]: true },
  });

/** A resource of a kind whose logical id begins like this, as the template has it. */
function find(template: Template, type: string, id: string): Record<string, unknown> {
  const found = Object.entries(template.findResources(type)).filter(([logicalId]) => logicalId.startsWith(id));
  expect(found.map(([logicalId]) => logicalId)).toHaveLength(1);
  return z.object({ Properties: z.record(z.string(), z.unknown()) }).parse(found[0]?.[1]).Properties;
}

const joined = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) });

/** A text as CloudFormation makes it, where every reference gives this. */
function deployed(value: unknown, reference: string): string {
  if (typeof value === 'string') return value;
  const [, parts] = joined.parse(value)['Fn::Join'];
  return parts.map((part) => (typeof part === 'string' ? part : reference)).join('');
}

function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was thrown');
}

const workerOf = (template: Template, id: string): unknown =>
  z
    .object({ Environment: z.object({ Variables: z.looseObject({ HEADROOM_WORKER: z.unknown() }) }) })
    .parse(find(template, 'AWS::Lambda::Function', id)).Environment.Variables.HEADROOM_WORKER;

describe('the examples', () => {
  const files = readdirSync(join(import.meta.dirname, '../../docs/examples')).filter((file) => file.endsWith('.ts'));
  test.each(files)('%s is what the page shows', (file) => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/constructs.md'), 'utf8');
    const example = readFileSync(join(import.meta.dirname, '../../docs/examples', file), 'utf8');
    expect(page).toContain(`\`\`\`ts\n${example}\`\`\``);
  });

  test('an instance and its replica in one stack get alarms, a worker that is let in, and IAM authentication', () => {
    const template = Template.fromStack(new ShopStack(newApp(), 'shop'));
    for (const database of ['Orders', 'Reports']) {
      expect(find(template, 'AWS::RDS::DBInstance', database)).toMatchObject({ EnableIAMDatabaseAuthentication: true });
      const { Dimensions } = find(template, 'AWS::CloudWatch::Alarm', `Headroom${database.toLowerCase()}AlarmsHigh`);
      expect(Dimensions).toEqual([
        { Name: 'DBInstanceIdentifier', Value: { Ref: expect.stringMatching(`^${database}`) as unknown } },
      ]);
      expect(find(template, 'AWS::EC2::SecurityGroupIngress', `${database}SecurityGroup`)).toMatchObject({
        SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringMatching(/^HeadroomNetwork\w+Workers/), 'GroupId'] },
      });
    }
    template.resourceCountIs('AWS::ApiGatewayV2::Api', 1);
    expect(find(template, 'Custom::HeadroomTargets', 'Headroom')).toMatchObject({ Targets: ['orders', 'reports'] });
  });

  test('in another stack than the database everything is in that of Headroom, which comes after', () => {
    const app = newApp();
    buildStacks(app);
    const { stacks } = app.synth();
    expect(stacks.map(({ stackName, dependencies }) => [stackName, dependencies.map(({ id }) => id)])).toEqual([
      ['data', expect.not.arrayContaining(['operations'])],
      ['operations', expect.arrayContaining(['data'])],
    ]);
    const [data, operations] = stacks.map((stack) => JSON.stringify(stack.template));
    expect(data).not.toMatch(/db-care|"AWS::EC2::SecurityGroupIngress"/);
    expect(operations).toMatch(/"AWS::EC2::SecurityGroupIngress"[^]*db-care-worker-accounts/);
  });

  test('an imported one is looked after exactly as headroom.yaml has it', () => {
    const { target } = templatesOf(configText());
    const template = Template.fromStack(buildStack(newApp()));
    expect(workerOf(template, 'HeadroomordersWorker')).toEqual(workerOf(target, 'Worker'));
    const settings = (from: Template, id: string) =>
      JSON.parse(String(find(from, 'Custom::HeadroomTarget', id)['Settings'])) as unknown;
    expect(settings(template, 'Headroomorders')).toEqual(settings(target, 'Registered'));
    const rights = statementsOf(template, 'HeadroomordersWorkerRole').map(inShort);
    expect(rights.map((right) => right.replaceAll('Headroomorders', ''))).toEqual(
      statementsOf(target, 'WorkerRole').map(inShort),
    );
  });

  test('a cluster gets a worker for its members, whose endings CloudFormation cuts off its endpoint', () => {
    const template = Template.fromStack(new LedgerStack(newApp(), 'ledger'));
    expect(find(template, 'AWS::RDS::DBCluster', 'Ledger')).toMatchObject({ EnableIAMDatabaseAuthentication: true });
    template.resourceCountIs('AWS::CloudWatch::Alarm', 19);
    const ending = {
      'Fn::Select': [
        1,
        { 'Fn::Split': ['.cluster-', { 'Fn::GetAtt': [expect.stringMatching(/^Ledger/), 'Endpoint.Address'] }] },
      ],
    };
    const [, parts] = joined.parse(workerOf(template, 'HeadroomledgerWorker'))['Fn::Join'];
    const at = parts.findIndex((part) => typeof part === 'object' && part !== null && 'Fn::Select' in part);
    expect(parts[at]).toEqual(ending);
    expect(parts[at - 1]).toMatch(/"host":null,"members":"\*\.$/);
    expect(statementsOf(template, 'HeadroomledgerWorkerRole').map(inShort).join()).toMatch(
      /rds-db:connect on .*Ledger/,
    );
    expect(find(template, 'AWS::EC2::SecurityGroupIngress', 'LedgerSecurityGroup')).toMatchObject({
      SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringMatching(/^HeadroomNetwork\w+Workers/), 'GroupId'] },
    });
    const settings = JSON.stringify(find(template, 'Custom::HeadroomTarget', 'Headroomledger')['Settings']);
    expect(settings).toContain(String.raw`\"isCluster\":true`);
  });

  test('pass the AwsSolutions rules', () => {
    const app = newApp();
    buildStack(app);
    addChecks(app);
    expect(() => app.synth()).not.toThrow();
  });

  test('pass the AwsSolutions rules beside a cluster, whatever that lacks itself', () => {
    const app = newApp();
    new LedgerStack(app, 'ledger');
    addChecks(app);
    const found = thrownBy(() => app.synth());
    expect(found).toContain('ledger/Ledger/Resource');
    expect(found).not.toContain('ledger/Headroom');
  });
});

/** A database of the app, with whatever its caller says. */
function protect(
  props: Partial<ProtectProps> & Record<string, unknown> = {},
  { instance = {}, headroom = {}, env = {} }: { instance?: object; headroom?: object; env?: object } = {},
): Template {
  const stack = new Stack(newApp(), 'stack', { env });
  const database = new rds.DatabaseInstance(stack, 'Database', {
    vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }),
    engine: rds.DatabaseInstanceEngine.POSTGRES,
    ...instance,
  });
  new Headroom(stack, 'Headroom', headroom).protect(database, { id: 'orders', maxConnections: 200, ...props });
  return Template.fromStack(stack);
}

/** An imported database that knows as little as the CDK allows. */
function protectImported(says: (stack: Stack) => { props?: Partial<ProtectProps>; attributes?: object } = () => ({})) {
  const stack = new Stack(newApp(), 'stack');
  const { props, attributes } = says(stack);
  const database = rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Database', {
    instanceIdentifier: 'orders',
    instanceEndpointAddress: 'orders.c0ffee00beef.eu-west-1.rds.amazonaws.com',
    port: 5432,
    securityGroups: [],
    ...attributes,
  });
  new Headroom(stack, 'Headroom').protect(database, { id: 'orders', maxConnections: 200, ...props });
  return Template.fromStack(stack);
}

/** What is refused, by the name of the property. */
function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('what only a deployment knows', () => {
  test('reaches the worker and the settings as it is: a port is a number there', () => {
    const template = protect();
    const settings = workerSettings.parse(JSON.parse(deployed(workerOf(template, 'HeadroomordersWorker'), '5432')));
    expect(settings).toMatchObject({ host: '5432', port: 5432, auth: { mode: 'iam', region: '5432' } });
    const registered = find(template, 'Custom::HeadroomTarget', 'Headroomorders')['Settings'];
    expect(JSON.parse(deployed(registered, '5432'))).toMatchObject({ endpoint: '5432:5432', instance: '5432' });
  });

  test('may be given for an imported database', () => {
    const template = protectImported((stack) => ({
      props: { resourceId: Fn.importValue('id'), engine: 'mysql', vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) },
      attributes: {
        port: Token.asNumber(Fn.importValue('port')),
        securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', Fn.importValue('group'))],
      },
    }));
    expect(JSON.stringify(statementsOf(template, 'HeadroomordersWorkerRole'))).toContain('{"Fn::ImportValue":"id"}');
    expect(deployed(workerOf(template, 'HeadroomordersWorker'), '3307')).toContain('"port":3307');
    expect(JSON.stringify(find(template, 'AWS::EC2::SecurityGroupIngress', 'Group'))).toContain(
      '"Fn::ImportValue":"group"',
    );
  });
});

describe('an installation', () => {
  test('gives its databases what all have, and a page where people are asked by it', () => {
    const headroom = { prefix: 'care', mode: 'act', policy: { triggerPercent: 80 } };
    const template = protect({ policy: { statements: 'verb' } }, { headroom });
    template.resourceCountIs('AWS::ApiGatewayV2::Api', 1);
    protect().resourceCountIs('AWS::ApiGatewayV2::Api', 0);
    const registered = find(template, 'Custom::HeadroomTarget', 'Headroomorders')['Settings'];
    expect(JSON.parse(deployed(registered, '1'))).toMatchObject({
      mode: 'act',
      worker: 'care-worker-orders',
      policy: { triggerPercent: 80, statements: 'verb' },
    });
  });

  test('says in an output what its commands read: the same configuration', () => {
    const template = Template.fromStack(buildStack(newApp()));
    const [output] = Object.values(template.findOutputs('*', {})).flatMap(({ Value, Description }) =>
      /headroom.yaml/.test(String(Description)) ? [String(Value)] : [],
    );
    const { target } = templatesOf(configText());
    const config = parseConfig(output ?? '', 'headroom.yaml');
    expect(config.installation).toEqual({
      prefix: 'headroom',
      account: '111122223333',
      region: 'eu-west-1',
      dashboard: false,
    });
    expect(config.targets.map((each) => toWorkerSettings(config, each))).toEqual([
      JSON.parse(String(workerOf(target, 'Worker'))),
    ]);
  });

  test('says in that output too whether it has a dashboard and a runbook', () => {
    const runbook = 'https://wiki.example/databases';
    const template = protect({}, { headroom: { dashboard: true, notify: { runbook } } });
    const [output] = Object.values(template.findOutputs('*', {})).flatMap(({ Value, Description }) =>
      /headroom.yaml/.test(String(Description)) ? [deployed(Value, '5432')] : [],
    );
    expect(JSON.parse(output ?? '')).toMatchObject({ installation: { dashboard: true }, notify: { runbook } });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('^Runbook: https://wiki.example/databases and docs/runbook.md#'),
    });
  });

  test('registers a database after all that it shares, and after its worker', () => {
    const template = protect();
    const [registered] = Object.values(template.findResources('Custom::HeadroomTarget'));
    const after = z.object({ DependsOn: z.array(z.string()) }).parse(registered).DependsOn;
    for (const what of [/^HeadroomIncidents/, /^HeadroomRegister/, /^HeadroomordersWorker/]) {
      expect(after).toContainEqual(expect.stringMatching(what));
    }
  });

  test('reads passwords by an endpoint of its own or by NAT, and by no other right', () => {
    const secret = (stack: Stack) => new rds.DatabaseSecret(stack, 'Responder', { username: 'headroom_responder' });
    const stack = new Stack(newApp(), 'stack');
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const headroom = new Headroom(stack, 'Headroom');
    const engine = rds.DatabaseInstanceEngine.MARIADB;
    const database = new rds.DatabaseInstance(stack, 'Database', { vpc, engine });
    const auth = { mode: 'secret', secret: secret(stack), secretsAccess: 'endpoint' } as const;
    headroom.protect(database, { id: 'own', maxConnections: 200, auth });
    headroom.protect(new rds.DatabaseInstance(stack, 'Other', { vpc, engine }), {
      id: 'admin',
      maxConnections: 200,
      auth: { mode: 'secret', secretsAccess: 'nat' },
    });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 1);
    const rights = (id: string) => statementsOf(template, `Headroom${id}WorkerRole`).map(inShort);
    expect(rights('own')).toContain('Allow secretsmanager:GetSecretValue on <Responder>');
    expect(rights('admin')).toContain('Allow secretsmanager:GetSecretValue on <OtherSecretAttachment>');
    expect([...rights('own'), ...rights('admin')].join()).not.toContain('rds-db');
    expect(find(template, 'AWS::RDS::DBInstance', 'Database')).not.toHaveProperty('EnableIAMDatabaseAuthentication');
  });
});

describe('a database is refused', () => {
  test('when it is imported and does not know enough, with all that must be given', () => {
    expect(problemsOf(() => protectImported())).toEqual([
      expect.stringMatching(/^vpc: is missing; an imported database/),
      expect.stringMatching(/^database\.connections: has no security group/),
      expect.stringMatching(/^engine: is missing; expected "postgres"/),
      expect.stringMatching(/^resourceId: is missing; .*DbiResourceId/),
    ]);
  });

  test('with every problem of its properties at once, by their names', () => {
    const wrong = { maxConection: 5, mode: 'acts', policy: { triggerPercent: 120, ages: { idleSecond: 1 } } };
    expect(problemsOf(() => protect({ ...wrong, maxConnections: 0, reservedSlots: -1 } as never))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^maxConection: unknown key; did you mean "maxConnections"/),
        expect.stringMatching(/^maxConnections: must be at least 1/),
        expect.stringMatching(/^reservedSlots: must be at least 0/),
        expect.stringMatching(/^mode: expected "observe", "approve" or "act"; did you mean "act"/),
        expect.stringMatching(/^policy\.triggerPercent: must be at most 98/),
        expect.stringMatching(/^policy\.ages\.idleSecond: unknown key; did you mean "idleSeconds"/),
      ]),
    );
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'a default',
      () => protect({}, { headroom: { policy: { triggerPercent: 5000 } } }),
      /^policy\.triggerPercent of new Headroom\(\)/,
    ],
    ['a prefix', () => protect({}, { headroom: { prefix: 'Care' } }), /^prefix: use 1 to 20/],
    ['an unknown property', () => protect({}, { headroom: { notfy: {} } }), /^notfy: unknown key/],
    [
      'an address',
      () => protect({}, { headroom: { notify: { email: ['me'] } } }),
      /^notify\.email\[0\]: expected an e-mail/,
    ],
    [
      'nobody to ask',
      () => protect({ mode: 'approve' }),
      /^mode: with it people are asked before kill-idle, .*approvals: true/,
    ],
    [
      'a login that is off',
      () => protect({}, { instance: { iamAuthentication: false } }),
      /^auth\.mode: .*iamAuthentication: false/,
    ],
    ['a URL', () => protect({ auth: { mode: 'url', variable: 'URL' } as never }), /^auth\.mode: is "url"/],
    [
      'no password',
      () =>
        protect(
          { auth: { mode: 'secret', secretsAccess: 'nat' } },
          { instance: { credentials: rds.Credentials.fromPassword('a', SecretValue.unsafePlainText('b')) } },
        ),
      /^auth\.secret: is missing/,
    ],
    [
      'an engine',
      () =>
        protect(
          {},
          { instance: { engine: rds.DatabaseInstanceEngine.oracleEe({ version: rds.OracleEngineVersion.VER_19 }) } },
        ),
      /^engine: is missing/,
    ],
  ])('for %s', (_, act, message) => {
    expect(problemsOf(act)).toEqual([expect.stringMatching(message)]);
  });

  test('for a secret that has only a name, an id that is taken, a cluster that knows too little, and another region', () => {
    const app = newApp();
    const stack = new Stack(app, 'stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const headroom = new Headroom(stack, 'Headroom');
    const engine = rds.DatabaseInstanceEngine.POSTGRES;
    const database = new rds.DatabaseInstance(stack, 'Database', { vpc, engine });
    headroom.protect(database, { id: 'orders', maxConnections: 200 });
    const secret = Secret.fromSecretNameV2(stack, 'Secret', 'orders');
    const auth = { mode: 'secret', secret, secretsAccess: 'nat' } as const;
    expect(problemsOf(() => headroom.protect(database, { id: 'orders', maxConnections: 200, auth }))).toEqual([
      expect.stringMatching(/^auth\.secret: has no complete ARN/),
      expect.stringMatching(/^id: is also that of another/),
    ]);
    const cluster = rds.DatabaseCluster.fromDatabaseClusterAttributes(stack, 'Cluster', { clusterIdentifier: 'c' });
    expect(problemsOf(() => headroom.protect(cluster, { id: 'c', vpc, maxConnections: 200 }))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^database\.clusterEndpoint: is missing/),
        expect.stringMatching(/^engine: is missing/),
        expect.stringMatching(/^resourceId: is missing/),
        expect.stringMatching(/^maxConnections: is of one instance/),
      ]),
    );
    const away = new Stack(app, 'away', { env: { account: '111122223333', region: 'us-east-1' } });
    const far = new rds.DatabaseInstance(away, 'Far', { vpc: new ec2.Vpc(away, 'Vpc', { maxAzs: 2 }), engine });
    expect(problemsOf(() => headroom.protect(far, { id: 'far', maxConnections: 200 }))).toEqual([
      expect.stringMatching(/^database: is in us-east-1, and the stack of Headroom in eu-west-1/),
    ]);
  });
});
