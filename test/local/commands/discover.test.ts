import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../lib/config/config.ts';
import { modeOfTier } from '../../../functions/core/plan/tiers/mode-of-tier.ts';
import { TIER_NAMES } from '../../../functions/core/policy/tier-names.ts';
import {
  accountOperations,
  ACCOUNT,
  anInstance,
  GROUP,
  REGION,
  type AccountChanges,
} from '../../support/an-aws-account.ts';
import { serveQuery, type QueryStandIn } from '../../support/aws-query.ts';
import type { Finished } from '../../support/headroom.ts';
import { runInProcess } from '../../support/program.ts';

let folder: string;
let standIn: QueryStandIn | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-discover-'));
});
afterEach(stop);

async function stop(): Promise<void> {
  await standIn?.stop();
  standIn = null;
}

async function discover(args: readonly string[] = [], changes: AccountChanges = {}): Promise<Finished> {
  await stop();
  standIn = await serveQuery(accountOperations(changes));
  return runInProcess(['discover', '--region', REGION, ...args], {
    folder,
    environment: {
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_ENDPOINT_URL: standIn.url,
      AWS_CONFIG_FILE: join(folder, 'aws'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    },
  });
}

const read = (file = 'headroom.yaml'): string => readFileSync(join(folder, file), 'utf8');
const load = (file = 'headroom.yaml') => loadConfig(join(folder, file));

describe('without a configuration', () => {
  it('writes one that can be deployed, with every database that Headroom does', async () => {
    const { status, stderr } = await discover();
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) as string });
    const { installation, targets } = load();
    expect(installation).toMatchObject({ account: ACCOUNT, region: REGION });
    expect(
      targets.map(({ id, engine, maxConnections, reservedSlots }) => ({ id, engine, maxConnections, reservedSlots })),
    ).toEqual([
      { id: 'orders-prod', engine: 'postgres', maxConnections: 1712, reservedSlots: 9 },
      { id: 'orders-replica', engine: 'postgres', maxConnections: 1712, reservedSlots: 9 },
      { id: 'billing', engine: 'mariadb', maxConnections: 400, reservedSlots: 0 },
      { id: 'shop', engine: 'postgres' },
      { id: 'ledger', engine: 'mysql' },
      {
        id: expect.stringMatching(/^the-database-of-the-dep-[0-9a-f]{4}$/) as string,
        engine: 'postgres',
        maxConnections: 1712,
        reservedSlots: 9,
      },
    ]);
    expect(targets.every(({ mode, auth }) => mode === 'observe' && auth.mode === 'iam')).toBe(true);
    expect(targets[2]).toMatchObject({
      endpoint: { host: `billing.c0ffee00beef.${REGION}.rds.amazonaws.com`, port: 3307 },
      network: { databaseSecurityGroupId: GROUP, manageIngress: true },
    });
    // IAM authentication names an instance of RDS, and the cluster of a member.
    expect(targets.map(({ resourceId }) => resourceId?.split('-')[0])).toEqual([
      'db',
      'db',
      'db',
      'cluster',
      'cluster',
      'db',
    ]);
  });

  it('says what it did not write and why, and what is still to be done', async () => {
    const { stdout } = await discover();
    for (const words of [
      'reports-mssql: its engine is sqlserver-se',
      'erp: its engine is custom-oracle-ee',
      'documents: its engine is docdb',
      'old-mysql: its version is 5.7.44: Headroom needs 8 or later',
      'going: it is being deleted',
      'coming: it has no endpoint yet (creating)',
      'orders-prod-green-x1y2z3: it is the unused side of blue/green deployment to-17',
      'sleepy: Aurora Serverless v1 has no instance',
      `aws rds modify-db-instance --db-instance-identifier orders-prod --enable-iam-database-authentication --apply-immediately --region ${REGION}`,
      `aws rds modify-db-cluster --db-cluster-identifier shop --enable-iam-database-authentication`,
      'npx --no headroom grants --target orders-prod',
      'orders-replica is a copy: it has the logins of orders-prod',
      'as an administrator of shop: npx --no headroom grants --target shop',
    ]) {
      expect(stdout).toContain(words);
    }
    expect(stdout.match(/modify-db-cluster/g)).toHaveLength(1);
    expect(stdout).not.toContain('Not found out');
  });

  it('comments what a person should know, and repeats no tag', async () => {
    await discover();
    const text = read();
    for (const words of [
      '# An estimate: LEAST({DBInstanceClassMemory/9531392},5000), for some 15.2 GiB.',
      '# max_connections of the parameter group.',
      '# Serverless v2, 0 to 16 ACUs',
      '# aurora-postgresql 16.4, a cluster: shop-1 (writer), shop-2',
      '# It may pause: a member that rests is not woken by samples.',
      '# Its parameter group has changes that wait for a restart.',
      `goes to ${GROUP}`,
      'Multi-AZ DB cluster: not tested',
      'It is not available right now: stopped.',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toContain('evil');
  });

  it.each([
    [['env=prod'], 6],
    [['env=prod', 'env=test'], 6],
    [['env=prod', 'note=x'], 0],
    [['env=test'], 0],
  ])('takes only what has the tags, of its own or of its cluster: %j', async (tags, expected) => {
    const { status, stdout } = await discover(tags.flatMap((tag) => ['--tag', tag]));
    expect(status).toBe(0);
    expect(readdirSync(folder).includes('headroom.yaml') ? load().targets.length : 0).toBe(expected);
    if (expected === 0) expect(stdout).toContain('Nothing new');
  });

  it('writes a file for each of several regions', async () => {
    expect((await discover(['--region', 'eu-central-1'])).status).toBe(0);
    expect(load('headroom.eu-west-1.yaml').installation.region).toBe('eu-west-1');
    expect(readdirSync(folder).sort()).toEqual(['headroom.eu-west-1.yaml']);
  });
});

const WRITTEN = `# The installation of the shop.   Two  blanks, "quotes"   and all.
installation: {account: "${ACCOUNT}", region: ${REGION}}   # ours
defaults:
    mode: act
    auth: { mode: secret, secretArn: 'arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:a-AbCdEf', secretsAccess: nat }
    network: &net
        vpcId: vpc-0a1b2c3d4e5f60718
        subnetIds: [subnet-0a1b2c3d4e5f60718]
        securityGroupIds: [sg-0a1b2c3d4e5f60711]
    policy:
        tiers: { kill-idle: act, cancel-long: approve }
targets:

  -   id: orders         # the one that matters
      engine: postgres
      instance: ORDERS-prod
      resourceId: db-ABCDEFGHIJKLMNOP
      endpoint: { host: orders-prod.c0ffee00beef.${REGION}.rds.amazonaws.com }
      maxConnections: 500
      # policy:
      #   triggerPercent: 90

  -   {id: gone, engine: mysql, instance: gone-1, endpoint: {host: db.example.com}, maxConnections: 100}
      # to be removed in May

# The end.
notify:
    email: [ dba@example.com ]
`;

const FLOW = '{id: gone, engine: mysql, instance: gone-1, endpoint: {host: db.example.com}, maxConnections: 100}';

describe('with a configuration', () => {
  it.each([
    ['as it is', WRITTEN],
    ['with line ends of Windows', WRITTEN.replaceAll('\n', '\r\n')],
    ['with targets last, and no line end', WRITTEN.replace(/\n# The end\.[^]*$/, '').trimEnd()],
  ])('adds what is new behind its targets and leaves every character: %s', async (_, written) => {
    writeFileSync(join(folder, 'headroom.yaml'), written);
    chmodSync(join(folder, 'headroom.yaml'), 0o600);
    const { status, stderr } = await discover(['--tag', 'env=prod']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) as string });
    const text = read();
    const marker = written.indexOf('in May') + 'in May'.length;
    expect(text.startsWith(written.slice(0, marker))).toBe(true);
    expect(text.endsWith(written.slice(marker).trimStart())).toBe(true);
    expect(
      load()
        .targets.map(({ id }) => id)
        .slice(0, 4),
    ).toEqual(['orders', 'gone', 'orders-replica', 'billing']);
    expect(statSync(join(folder, 'headroom.yaml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['headroom.yaml']);
  });

  it('leaves a cluster whose members a person has named one by one, and adds the others as they are named', async () => {
    const member = WRITTEN.replace('instance: gone-1', 'instance: SHOP-1').replace('id: gone', 'id: shop-writer');
    writeFileSync(join(folder, 'headroom.yaml'), member.replace('engine: mysql', 'engine: postgres'));
    await discover();
    const added = load().targets.slice(2);
    expect(added.map(({ instance, cluster }) => instance ?? cluster)).toContain('shop-2');
    expect(added.map(({ cluster }) => cluster).filter((name) => name !== undefined)).toEqual(['ledger']);
  });

  it('knows a cluster by its name, and says when it is gone', async () => {
    await discover();
    writeFileSync(join(folder, 'headroom.yaml'), read().replace(/ledger(?=$|\.cluster-)/gm, 'ledger-old'));
    const { stdout } = await discover(['--json']);
    const [region] = (
      JSON.parse(stdout) as { regions: { added: { entry: { cluster?: string } }[]; notFound: string[] }[] }
    ).regions;
    expect(region?.added.map(({ entry }) => entry.cluster)).toEqual(['ledger']);
    expect(region?.notFound).toEqual(['ledger-old']);
  });

  it('lets nothing new act or log in as its defaults say', async () => {
    writeFileSync(join(folder, 'headroom.yaml'), WRITTEN);
    await discover();
    for (const target of load().targets.slice(2)) {
      expect({ mode: target.mode, auth: target.auth.mode }).toEqual({ mode: 'observe', auth: 'iam' });
      expect(TIER_NAMES.map((tier) => modeOfTier(tier, target))).toEqual(TIER_NAMES.map(() => 'observe'));
    }
  });

  it('says what differs, what is gone, and changes nothing the second time', async () => {
    writeFileSync(join(folder, 'headroom.yaml'), WRITTEN);
    const first = await discover();
    expect(first.stdout).toContain('orders: resourceId is db-ABCDEFGHIJKLMNOP in the file, and db-ORDERSPROD');
    expect(first.stdout).not.toContain('maxConnections is');
    expect(first.stdout).toContain('gone: removed, renamed, or without these tags');
    const text = read();
    const second = await discover();
    expect(second.stdout).toContain('Nothing new');
    expect(read()).toBe(text);
  });

  it.each([
    ['of another account', WRITTEN.replaceAll(ACCOUNT, '999999999999'), 'is of account 999999999999'],
    ['of another region', WRITTEN.replaceAll(REGION, 'us-east-1'), 'is of region us-east-1'],
    [
      'of this machine',
      'targets: [{id: a, engine: mysql, auth: {mode: url, variable: A}}]\n',
      'targets of this machine',
    ],
    [
      'with targets in one line',
      `${WRITTEN.slice(0, WRITTEN.indexOf('targets:'))}targets: [${FLOW}]\n`,
      'a list with dashes',
    ],
    ['that is invalid', WRITTEN.replace('engine: postgres', 'engine: oracle'), 'targets[0].engine'],
  ])('refuses one %s, and leaves it', async (_, written, words) => {
    writeFileSync(join(folder, 'headroom.yaml'), written);
    const { status, stderr } = await discover();
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(read()).toBe(written);
    expect(readdirSync(folder)).toEqual(['headroom.yaml']);
  });
});

describe('when AWS does not answer as usual', () => {
  it('has patience with throttling', async () => {
    expect((await discover([], { throttled: 1 })).status).toBe(0);
  });

  it('writes nothing where instances may not be listed, and says what is denied', async () => {
    const { status, stderr } = await discover([], { denied: ['DescribeDBInstances'] });
    expect(status).toBe(4);
    expect(stderr).toContain('the credentials do not suffice in the account, region eu-west-1');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['DescribeInstanceTypes', 'ec2:DescribeInstanceTypes', ['billing']],
    ['DescribeDBParameters', 'rds:DescribeDBParameters', []],
  ])('names what it could not find out, and writes what is whole: %s', async (denied, right, written) => {
    const { stdout } = await discover([], { denied: [denied] });
    expect(stdout).toContain('Not found out:');
    expect(stdout).toContain(`allow ${right}`);
    expect(stdout).toContain('orders-prod: its max_connections is not known');
    const found = readdirSync(folder).length === 0 ? [] : load().targets.map(({ id }) => id);
    expect(found.filter((id) => ['billing', 'orders-prod'].includes(id))).toEqual(written);
  });

  it('does without rules of security groups and blue/green deployments', async () => {
    const { status, stdout } = await discover([], {
      denied: ['DescribeSecurityGroups', 'DescribeBlueGreenDeployments'],
    });
    expect(status).toBe(0);
    expect(stdout).toContain('allow ec2:DescribeSecurityGroups');
    expect(stdout).toContain('allow rds:DescribeBlueGreenDeployments');
    expect(load().targets.find(({ id }) => id === 'billing')?.network?.databaseSecurityGroupId).not.toBe(GROUP);
  });

  it('writes nothing of a database that has no name it could have', async () => {
    const hostile = [
      anInstance({ DBInstanceIdentifier: 'x: [\n- id: evil', DbiResourceId: 'db-EVILEVILEVILEVIL' }),
      anInstance({ DBInstanceIdentifier: 'fine', EngineVersion: '16.4\n- id: evil' }),
    ];
    const { status, stdout } = await discover([], { instances: hostile });
    expect(status).toBe(0);
    expect(stdout).toContain('AWS describes it in a way that cannot be written');
    expect(load().targets.map(({ id }) => id)).toEqual(['fine']);
  });
});

it.each([
  [['--tag', 'env', '--tag', '=x'], '--tag =x: expected key=value'],
  [['--region', 'Ireland'], '--region Ireland: expected an AWS region'],
])('refuses %j', async (args, words) => {
  const { status, stderr } = await discover(args);
  expect(status).toBe(2);
  expect(stderr).toContain(words);
});

it('prints one JSON document', async () => {
  const { stdout } = await discover(['--json']);
  const { regions } = JSON.parse(stdout) as { regions: { file: string; added: { entry: { id: string } }[] }[] };
  expect(regions.map(({ file, added }) => [file, added.length])).toEqual([['headroom.yaml', 6]]);
});
