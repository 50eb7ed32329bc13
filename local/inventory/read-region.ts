import { EC2Client, paginateDescribeInstanceTypes, paginateDescribeSecurityGroups } from '@aws-sdk/client-ec2';
import {
  paginateDescribeBlueGreenDeployments,
  paginateDescribeDBClusterParameters,
  paginateDescribeDBClusters,
  paginateDescribeDBInstances,
  paginateDescribeDBParameters,
  RDSClient,
  type BlueGreenDeployment,
  type DBCluster,
  type DBInstance,
  type Parameter,
} from '@aws-sdk/client-rds';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { isDenied } from '../installation/aws-errors.ts';
import { engineOf } from './engines.ts';
import { clusterOf, groupsOf, type Inventory } from './inventory.ts';
import { hasTags, type WantedTags } from './tags.ts';

export interface Asked {
  readonly region: string;
  readonly profile?: string | undefined;
  readonly tags: WantedTags;
}

/** Throttled calls are repeated by the SDK; a large account needs more patience than its usual three tries. */
const PATIENT = { maxAttempts: 8 };

/**
 * Reads the databases of a region, with read-only calls. Throws what AWS answers where instances or clusters may not be
 * listed; what else may not be read is named in `unknown`.
 */
export async function readRegion({ region, profile, tags }: Asked): Promise<Inventory> {
  const config = { region, ...PATIENT, ...(profile === undefined ? {} : { profile }) };
  const [rds, ec2] = [new RDSClient(config), new EC2Client(config)];
  const unknown: string[] = [];
  const attempt = async <T>(what: string, right: string, read: () => Promise<T>, otherwise: T): Promise<T> =>
    read().catch((error: unknown) => {
      if (!isDenied(error)) throw error;
      unknown.push(`${what}: allow ${right} (${errorWords(error)})`);
      return otherwise;
    });
  try {
    const clusters = await readClusters(rds);
    const all = await readInstances(rds);
    const instances = all.filter((each) => hasTags(tags, each.TagList, clusterOf({ clusters }, each)?.TagList));
    const emptyClusters = [...clusters.values()].filter(
      ({ DBClusterMembers = [], TagList }) => DBClusterMembers.length === 0 && hasTags(tags, TagList),
    );
    const ours = instances.filter((instance) => engineOf(instance) !== null);
    const copies = await attempt(
      'which databases are copies of a blue/green deployment',
      'rds:DescribeBlueGreenDeployments',
      () => readCopies(rds),
      new Map<string, string>(),
    );
    const parameters = new Map<string, ReadonlyMap<string, string>>();
    for (const group of new Set(ours.flatMap((each) => groupsOf(each, clusterOf({ clusters }, each))))) {
      const what = `the parameters of ${group.slice(group.indexOf(':') + 1)}`;
      const right = 'rds:DescribeDBParameters and rds:DescribeDBClusterParameters';
      const values = await attempt(what, right, () => readParameters(rds, group), null);
      if (values !== null) parameters.set(group, values);
    }
    const securityGroups = await attempt(
      'the rules of security groups',
      'ec2:DescribeSecurityGroups',
      () => readSecurityGroups(ec2, ours),
      new Map(),
    );
    const memory = await attempt(
      'the memory of instance classes',
      'ec2:DescribeInstanceTypes',
      () => readMemory(ec2, ours),
      new Map<string, number>(),
    );
    return { region, instances, clusters, emptyClusters, copies, parameters, securityGroups, memory, unknown };
  } finally {
    rds.destroy();
    ec2.destroy();
  }
}

async function readInstances(client: RDSClient): Promise<DBInstance[]> {
  const found: DBInstance[] = [];
  for await (const { DBInstances = [] } of paginateDescribeDBInstances({ client }, {})) found.push(...DBInstances);
  return found;
}

async function readClusters(client: RDSClient): Promise<Map<string, DBCluster>> {
  const found = new Map<string, DBCluster>();
  for await (const { DBClusters = [] } of paginateDescribeDBClusters({ client }, {})) {
    for (const cluster of DBClusters) found.set(cluster.DBClusterIdentifier ?? '', cluster);
  }
  return found;
}

/** Of each pair of databases, the one that is not in use: the green one before the switch-over, the old one after it. */
async function readCopies(client: RDSClient): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { BlueGreenDeployments = [] } of paginateDescribeBlueGreenDeployments({ client }, {})) {
    for (const deployment of BlueGreenDeployments) {
      for (const arn of unusedOf(deployment)) found.set(arn, deployment.BlueGreenDeploymentName ?? 'without a name');
    }
  }
  return found;
}

function unusedOf({ Status, SwitchoverDetails = [] }: BlueGreenDeployment): string[] {
  const isDone = Status === 'SWITCHOVER_COMPLETED';
  return SwitchoverDetails.flatMap(({ SourceMember, TargetMember }) => (isDone ? SourceMember : TargetMember) ?? []);
}

/** Those that `slots.ts` asks for. */
const WANTED = [
  'max_connections',
  'superuser_reserved_connections',
  'reserved_connections',
  'rds.rds_reserved_connections',
  'rds.rds_superuser_reserved_connections',
];

async function readParameters(client: RDSClient, group: string): Promise<Map<string, string>> {
  const name = group.slice(group.indexOf(':') + 1);
  const Filters = [{ Name: 'parameter-name', Values: WANTED }];
  const pages = group.startsWith('cluster:')
    ? paginateDescribeDBClusterParameters({ client }, { DBClusterParameterGroupName: name, Filters })
    : paginateDescribeDBParameters({ client }, { DBParameterGroupName: name, Filters });
  const found: Parameter[] = [];
  for await (const { Parameters = [] } of pages) found.push(...Parameters);
  return new Map(
    found.flatMap(({ ParameterName, ParameterValue }) =>
      ParameterName === undefined || ParameterValue === undefined ? [] : [[ParameterName, ParameterValue]],
    ),
  );
}

async function readSecurityGroups(
  client: EC2Client,
  instances: readonly DBInstance[],
): Promise<Inventory['securityGroups']> {
  const ids = new Set(
    instances.flatMap(({ VpcSecurityGroups = [] }) =>
      VpcSecurityGroups.flatMap((group) => group.VpcSecurityGroupId ?? []),
    ),
  );
  const found = new Map();
  for (const some of inParts([...ids])) {
    const input = { Filters: [{ Name: 'group-id', Values: some }] };
    for await (const { SecurityGroups = [] } of paginateDescribeSecurityGroups({ client }, input)) {
      for (const group of SecurityGroups) found.set(group.GroupId, group);
    }
  }
  return found;
}

/** RDS names a class after the type of EC2. A type that EC2 does not have is missing from its answer. */
async function readMemory(client: EC2Client, instances: readonly DBInstance[]): Promise<Map<string, number>> {
  const types = new Set(instances.map(({ DBInstanceClass = '' }) => DBInstanceClass.replace(/^db\./, '')));
  types.delete('serverless');
  const found = new Map<string, number>();
  for (const some of inParts([...types])) {
    const input = { Filters: [{ Name: 'instance-type', Values: some }] };
    for await (const { InstanceTypes = [] } of paginateDescribeInstanceTypes({ client }, input)) {
      for (const { InstanceType, MemoryInfo } of InstanceTypes) {
        if (MemoryInfo?.SizeInMiB !== undefined) found.set(`db.${InstanceType}`, MemoryInfo.SizeInMiB * 1024 ** 2);
      }
    }
  }
  return found;
}

/** Most values of a filter of EC2. */
const MOST_VALUES = 200;

function inParts<T>(values: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(values.length / MOST_VALUES) }, (_, part) =>
    values.slice(part * MOST_VALUES, (part + 1) * MOST_VALUES),
  );
}
