import { Stack } from 'aws-cdk-lib';
import type { IConnectable, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { CfnDBCluster, CfnDBInstance, IDatabaseCluster, IDatabaseInstance } from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

/** What a database of a CDK app says of itself. Undefined: it does not know. Any text and number may be a token. */
export interface DatabaseFacts {
  readonly engine: EngineName | undefined;
  readonly kind: 'instance' | 'cluster';
  /** DBInstanceIdentifier, or DBClusterIdentifier. */
  readonly name: string;
  /** DbiResourceId, or DbClusterResourceId. */
  readonly resourceId: string | undefined;
  /** Undefined for an imported cluster of which nobody has said it. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly vpc: IVpc | undefined;
  /** Its administrator's. */
  readonly secret: ISecret | undefined;
  readonly connections: IConnectable['connections'];
  /** Of the database, not of whoever imports it. May be a token. */
  readonly region: string;
  /** Whether IAM authentication is on. Undefined: nobody has said, or it is imported. */
  readonly iamAuthentication: boolean | undefined;
}

const ENGINES: readonly (readonly [types: RegExp, engine: EngineName])[] = [
  [/^(aurora-)?postgres(ql)?$/, 'postgres'],
  [/^(aurora-)?mysql$|^aurora$/, 'mysql'],
  [/^mariadb$/, 'mariadb'],
];

/** A database as the CDK has them, of the app or imported. */
export type Database = IDatabaseInstance | IDatabaseCluster;

/** Reads everything of an instance, a replica or a cluster. */
export function factsOf(database: Database): DatabaseFacts {
  return {
    ...('clusterIdentifier' in database ? ofCluster(database) : ofInstance(database)),
    // Only those of the app itself have them: the interface does not.
    vpc: Reflect.get(database, 'vpc') as IVpc | undefined,
    secret: Reflect.get(database, 'secret') as ISecret | undefined,
    connections: database.connections,
    region: database.env.region,
    iamAuthentication: Stack.of(database).resolve(resourceOf(database)?.enableIamDatabaseAuthentication) as
      boolean | undefined,
  };
}

type Own = Pick<DatabaseFacts, 'kind' | 'engine' | 'name' | 'resourceId' | 'host' | 'port'>;

function ofInstance(database: IDatabaseInstance): Own {
  const { hostname: host, port } = database.instanceEndpoint;
  const engine = engineOf(database.engine?.engineType ?? engineOfSource(database));
  const { instanceIdentifier: name, instanceResourceId: resourceId } = database;
  return { kind: 'instance', engine, name, resourceId, host, port };
}

function ofCluster(cluster: IDatabaseCluster): Own {
  const endpoint = unlessUnknown(() => cluster.clusterEndpoint);
  return {
    kind: 'cluster',
    engine: engineOf(cluster.engine?.engineType),
    name: cluster.clusterIdentifier,
    resourceId: unlessUnknown(() => cluster.clusterResourceIdentifier),
    host: endpoint?.hostname,
    port: endpoint?.port,
  };
}

/** An imported cluster throws when it is asked for what nobody has said of it. */
function unlessUnknown<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** IAM authentication, as `grantConnect` of the CDK switches it on. An imported database stays as it is. */
export function switchOnIam(database: Database): void {
  const resource = resourceOf(database);
  if (resource !== undefined) resource.enableIamDatabaseAuthentication = true;
}

/** Undefined where it is imported. */
function resourceOf(database: Database): CfnDBInstance | CfnDBCluster | undefined {
  return database.node.defaultChild as CfnDBInstance | CfnDBCluster | undefined;
}

/** A replica knows the ARN of the instance that it copies, but not its engine. */
function engineOfSource(replica: IDatabaseInstance): string | undefined {
  const stack = Stack.of(replica);
  // Each reading of an ARN is a token of its own: what they stand for is compared.
  const inWords = (arn: string | undefined): string => JSON.stringify(stack.resolve(arn) ?? null);
  const wanted = inWords((resourceOf(replica) as CfnDBInstance | undefined)?.sourceDbInstanceIdentifier);
  const others = replica.node.root.node.findAll() as (IConstruct & Partial<IDatabaseInstance>)[];
  return others.find(({ instanceArn, engine }) => engine !== undefined && inWords(instanceArn) === wanted)?.engine
    ?.engineType;
}

function engineOf(type: string | undefined): EngineName | undefined {
  return ENGINES.find(([types]) => type !== undefined && types.test(type))?.[1];
}
