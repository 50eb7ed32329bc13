import * as ec2 from '@aws-sdk/client-ec2';
import * as rds from '@aws-sdk/client-rds';
import { page, Refused, type Operation } from './aws-query.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

const VPC = 'vpc-0a1b2c3d4e5f60718';
const SUBNETS = ['subnet-0b1c2d3e4f5061728', 'subnet-0a1b2c3d4e5f60718'];
export const GROUP = 'sg-0a1b2c3d4e5f60718';
const OTHER_GROUP = 'sg-0ffeeddccbbaa9988';

type Instance = rds.DBInstance & { readonly DBInstanceIdentifier: string };

/** As DescribeDBInstances answers for an instance of RDS for PostgreSQL, with the fields that Headroom does not read. */
export function anInstance(changes: Partial<Instance> & Pick<Instance, 'DBInstanceIdentifier'>): Instance {
  const name = changes.DBInstanceIdentifier;
  return {
    DBInstanceClass: 'db.r6g.large',
    Engine: 'postgres',
    DBInstanceStatus: 'available',
    MasterUsername: 'postgres',
    DBName: 'app',
    Endpoint: {
      Address: `${name}.c0ffee00beef.${REGION}.rds.amazonaws.com`,
      Port: 5432,
      HostedZoneId: 'Z29XKXDKYMONMX',
    },
    AllocatedStorage: 100,
    InstanceCreateTime: new Date('2025-03-29T23:30:00Z'),
    PreferredBackupWindow: '23:00-23:30',
    BackupRetentionPeriod: 7,
    DBSecurityGroups: [],
    VpcSecurityGroups: [{ VpcSecurityGroupId: GROUP, Status: 'active' }],
    DBParameterGroups: [{ DBParameterGroupName: 'default.postgres16', ParameterApplyStatus: 'in-sync' }],
    AvailabilityZone: `${REGION}a`,
    DBSubnetGroup: {
      DBSubnetGroupName: 'databases',
      DBSubnetGroupDescription: 'Databases',
      VpcId: VPC,
      SubnetGroupStatus: 'Complete',
      Subnets: SUBNETS.map((SubnetIdentifier, zone) => ({
        SubnetIdentifier,
        SubnetAvailabilityZone: { Name: `${REGION}${'ab'[zone] ?? ''}` },
        SubnetOutpost: {},
        SubnetStatus: 'Active',
      })),
    },
    PreferredMaintenanceWindow: 'sun:03:00-sun:03:30',
    PendingModifiedValues: {},
    MultiAZ: true,
    EngineVersion: '16.4',
    AutoMinorVersionUpgrade: true,
    ReadReplicaDBInstanceIdentifiers: [],
    LicenseModel: 'postgresql-license',
    StorageType: 'gp3',
    DbInstancePort: 0,
    StorageEncrypted: true,
    DbiResourceId: `db-${name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '')
      .padEnd(26, 'X')
      .slice(0, 26)}`,
    CACertificateIdentifier: 'rds-ca-rsa2048-g1',
    DBInstanceArn: `arn:aws:rds:${REGION}:${ACCOUNT}:db:${name}`,
    IAMDatabaseAuthenticationEnabled: true,
    DeletionProtection: true,
    TagList: [{ Key: 'env', Value: 'prod' }],
    ...changes,
  };
}

function aCluster(changes: Partial<rds.DBCluster> & { readonly DBClusterIdentifier: string }): rds.DBCluster {
  const name = changes.DBClusterIdentifier;
  return {
    Engine: 'aurora-postgresql',
    EngineVersion: '16.4',
    EngineMode: 'provisioned',
    Status: 'available',
    DBClusterArn: `arn:aws:rds:${REGION}:${ACCOUNT}:cluster:${name}`,
    DbClusterResourceId: `cluster-${name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '')
      .padEnd(26, 'X')}`,
    DBClusterParameterGroup: 'default.aurora-postgresql16',
    Endpoint: `${name}.cluster-c0ffee00beef.${REGION}.rds.amazonaws.com`,
    ReaderEndpoint: `${name}.cluster-ro-c0ffee00beef.${REGION}.rds.amazonaws.com`,
    IAMDatabaseAuthenticationEnabled: true,
    DBClusterMembers: [],
    TagList: [],
    ...changes,
  };
}

const AURORA_GROUP = [{ DBParameterGroupName: 'default.aurora-postgresql16', ParameterApplyStatus: 'in-sync' }];
const MYSQL_GROUP = [{ DBParameterGroupName: 'default.mysql8.0', ParameterApplyStatus: 'in-sync' }];

/** Every kind of database that DescribeDBInstances lists. */
const INSTANCES: readonly Instance[] = [
  anInstance({ DBInstanceIdentifier: 'orders-prod', IAMDatabaseAuthenticationEnabled: false }),
  anInstance({ DBInstanceIdentifier: 'orders-replica', ReadReplicaSourceDBInstanceIdentifier: 'orders-prod' }),
  anInstance({
    ...{ DBInstanceIdentifier: 'billing', Engine: 'mariadb', EngineVersion: '10.11.8' },
    Endpoint: { Address: `billing.c0ffee00beef.${REGION}.rds.amazonaws.com`, Port: 3307 },
    DBParameterGroups: [{ DBParameterGroupName: 'billing', ParameterApplyStatus: 'pending-reboot' }],
    VpcSecurityGroups: [
      { VpcSecurityGroupId: OTHER_GROUP, Status: 'active' },
      { VpcSecurityGroupId: GROUP, Status: 'active' },
    ],
    TagList: [
      { Key: 'env', Value: 'prod' },
      { Key: 'note', Value: '"\n- id: evil\r\u2028\u001b[31m: {{' },
    ],
  }),
  ...['shop-1', 'shop-2'].map((DBInstanceIdentifier) =>
    anInstance({
      ...{ DBInstanceIdentifier, Engine: 'aurora-postgresql', DBInstanceClass: 'db.serverless' },
      ...{ DBClusterIdentifier: 'shop', DBParameterGroups: AURORA_GROUP, TagList: [] },
    }),
  ),
  anInstance({
    ...{
      DBInstanceIdentifier: 'ledger-instance-1',
      Engine: 'mysql',
      EngineVersion: '8.0.39',
      DBClusterIdentifier: 'ledger',
    },
    ...{ DBParameterGroups: MYSQL_GROUP, DBInstanceClass: 'db.r6gd.large', TagList: [] },
    Endpoint: { Address: `ledger-instance-1.c0ffee00beef.${REGION}.rds.amazonaws.com`, Port: 3306 },
  }),
  anInstance({ DBInstanceIdentifier: 'the-database-of-the-department-of-reports', DBInstanceStatus: 'stopped' }),
  anInstance({ DBInstanceIdentifier: 'reports-mssql', Engine: 'sqlserver-se', EngineVersion: '16.00.4085.2.v1' }),
  anInstance({ DBInstanceIdentifier: 'erp', Engine: 'custom-oracle-ee', EngineVersion: '19.cdb1' }),
  anInstance({ DBInstanceIdentifier: 'documents', Engine: 'docdb', EngineVersion: '5.0.0' }),
  anInstance({ DBInstanceIdentifier: 'old-mysql', Engine: 'mysql', EngineVersion: '5.7.44' }),
  anInstance({ DBInstanceIdentifier: 'going', DBInstanceStatus: 'deleting' }),
  { ...anInstance({ DBInstanceIdentifier: 'coming', DBInstanceStatus: 'creating' }), Endpoint: undefined },
  anInstance({ DBInstanceIdentifier: 'orders-prod-green-x1y2z3' }),
];

const CLUSTERS: readonly rds.DBCluster[] = [
  aCluster({
    DBClusterIdentifier: 'shop',
    IAMDatabaseAuthenticationEnabled: false,
    ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 16 },
    DBClusterMembers: [
      { DBInstanceIdentifier: 'shop-1', IsClusterWriter: true, PromotionTier: 1 },
      { DBInstanceIdentifier: 'shop-2', IsClusterWriter: false, PromotionTier: 1 },
    ],
    TagList: [{ Key: 'env', Value: 'prod' }],
  }),
  aCluster({
    ...{ DBClusterIdentifier: 'ledger', Engine: 'mysql', EngineVersion: '8.0.39' },
    DBClusterParameterGroup: 'default.mysql8.0',
    DBClusterMembers: [{ DBInstanceIdentifier: 'ledger-instance-1', IsClusterWriter: true }],
    TagList: [{ Key: 'env', Value: 'prod' }],
  }),
  aCluster({ DBClusterIdentifier: 'sleepy', EngineMode: 'serverless', TagList: [{ Key: 'env', Value: 'prod' }] }),
];

/** As RDS has them in its default groups. */
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'default.postgres16': {
    max_connections: 'LEAST({DBInstanceClassMemory/9531392},5000)',
    superuser_reserved_connections: undefined,
    reserved_connections: undefined,
  },
  'default.aurora-postgresql16': { max_connections: 'LEAST({DBInstanceClassMemory/9531392},5000)' },
  'default.mysql8.0': { max_connections: '{DBInstanceClassMemory/12582880}' },
  billing: { max_connections: '400' },
};

/** What a test says differently. */
export interface AccountChanges {
  readonly instances?: readonly Instance[];
  /** Operations that the credentials may not call. */
  readonly denied?: readonly string[];
  /** How often DescribeDBInstances is throttled before it answers. */
  readonly throttled?: number;
}

/**
 * The operations of RDS and EC2 that `headroom discover` calls, about one account. Pages are small, so that there are
 * several.
 */
export function accountOperations(changes: AccountChanges = {}): Record<string, Operation> {
  const { instances = INSTANCES, denied = [] } = changes;
  let throttled = changes.throttled ?? 0;
  const operations: Record<string, Operation> = {
    DescribeDBInstances: {
      schema: rds.DescribeDBInstances$,
      answer: (request, region) => {
        if (throttled-- > 0) throw new Refused('Throttling', 'Rate exceeded');
        const { page: DBInstances, next } = page(instances.filter(isIn(region)), 4, request.get('Marker'));
        return { DBInstances, Marker: next };
      },
    },
    DescribeDBClusters: {
      schema: rds.DescribeDBClusters$,
      answer: (request) => {
        const { page: DBClusters, next } = page(CLUSTERS, 2, request.get('Marker'));
        return { DBClusters, Marker: next };
      },
    },
    DescribeDBParameters: { schema: rds.DescribeDBParameters$, answer: parametersOf('DBParameterGroupName') },
    DescribeDBClusterParameters: {
      schema: rds.DescribeDBClusterParameters$,
      answer: parametersOf('DBClusterParameterGroupName'),
    },
    DescribeBlueGreenDeployments: {
      schema: rds.DescribeBlueGreenDeployments$,
      answer: () => ({
        BlueGreenDeployments: [
          {
            BlueGreenDeploymentName: 'to-17',
            Status: 'AVAILABLE',
            SwitchoverDetails: [
              {
                SourceMember: `arn:aws:rds:${REGION}:${ACCOUNT}:db:orders-prod`,
                TargetMember: `arn:aws:rds:${REGION}:${ACCOUNT}:db:orders-prod-green-x1y2z3`,
              },
            ],
          },
        ],
      }),
    },
    DescribeSecurityGroups: {
      schema: ec2.DescribeSecurityGroups$,
      answer: (request) => ({
        SecurityGroups: valuesIn(request, 'Filter.1.Value').map((GroupId) => ({
          GroupId,
          OwnerId: ACCOUNT,
          VpcId: VPC,
          IpPermissions: GroupId === GROUP ? [{ IpProtocol: 'tcp', FromPort: 3306, ToPort: 5432, IpRanges: [] }] : [],
        })),
      }),
    },
    DescribeInstanceTypes: {
      schema: ec2.DescribeInstanceTypes$,
      answer: (request) => ({
        InstanceTypes: valuesIn(request, 'Filter.1.Value').map((InstanceType) => ({
          InstanceType,
          MemoryInfo: { SizeInMiB: 16_384 },
        })),
      }),
    },
  };
  const refuse =
    (name: string): Operation['answer'] =>
    () => {
      const isEc2 = ['DescribeSecurityGroups', 'DescribeInstanceTypes'].includes(name);
      throw new Refused(
        isEc2 ? 'UnauthorizedOperation' : 'AccessDenied',
        `User is not authorized to perform: ${name}`,
        403,
      );
    };
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      denied.includes(name) ? { ...operation, answer: refuse(name) } : operation,
    ]),
  );
}

function isIn(region: string): (instance: rds.DBInstance) => boolean {
  return ({ DBInstanceArn = '' }) => DBInstanceArn.split(':')[3] === region;
}

function parametersOf(field: string): Operation['answer'] {
  return (request) => {
    const group = PARAMETERS[request.get(field) ?? ''];
    if (group === undefined)
      throw new Refused('DBParameterGroupNotFound', `no such group: ${request.get(field) ?? ''}`, 404);
    const wanted = valuesIn(request, 'Filters.Filter.1.Values.Value');
    return {
      Parameters: Object.entries(group)
        .filter(([name]) => wanted.includes(name))
        .map(([ParameterName, ParameterValue]) => ({
          ParameterName,
          ParameterValue,
          Source: 'system',
          ApplyType: 'static',
        })),
    };
  };
}

function valuesIn(request: ReadonlyMap<string, string>, prefix: string): string[] {
  return [...request].filter(([name]) => name.startsWith(`${prefix}.`)).map(([, value]) => value);
}
