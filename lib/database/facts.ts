import { Stack } from 'aws-cdk-lib';
import type { IConnectable, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { CfnDBInstance, IDatabaseCluster, IDatabaseInstance } from 'aws-cdk-lib/aws-rds';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

/** What a database of a CDK app says of itself. Undefined: it does not know. Any text and number may be a token. */
export interface DatabaseFacts {
  readonly engine: EngineName | undefined;
  /** DBInstanceIdentifier. */
  readonly instance: string;
  /** DbiResourceId. */
  readonly resourceId: string | undefined;
  readonly host: string;
  readonly port: number;
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

export function isCluster(database: IDatabaseInstance | IDatabaseCluster): database is IDatabaseCluster {
  return 'clusterIdentifier' in database;
}

/** An instance, a replica, or an imported one, as the CDK has them. */
export function factsOf(database: IDatabaseInstance): DatabaseFacts {
  const { hostname: host, port } = database.instanceEndpoint;
  return {
    engine: engineOf(database.engine?.engineType ?? engineOfSource(database)),
    instance: database.instanceIdentifier,
    resourceId: database.instanceResourceId,
    host,
    port,
    // Only those of the app itself have them: the interface does not.
    vpc: Reflect.get(database, 'vpc') as IVpc | undefined,
    secret: Reflect.get(database, 'secret') as ISecret | undefined,
    connections: database.connections,
    region: database.env.region,
    iamAuthentication: Stack.of(database).resolve(resourceOf(database)?.enableIamDatabaseAuthentication) as
      boolean | undefined,
  };
}

/** IAM authentication, as `grantConnect` of the CDK switches it on. An imported database stays as it is. */
export function switchOnIam(database: IDatabaseInstance): void {
  const resource = resourceOf(database);
  if (resource !== undefined) resource.enableIamDatabaseAuthentication = true;
}

/** Undefined where it is imported. */
function resourceOf(database: IDatabaseInstance): CfnDBInstance | undefined {
  return database.node.defaultChild as CfnDBInstance | undefined;
}

/** A replica knows the ARN of the instance that it copies, but not its engine. */
function engineOfSource(replica: IDatabaseInstance): string | undefined {
  const stack = Stack.of(replica);
  // Each reading of an ARN is a token of its own: what they stand for is compared.
  const inWords = (arn: string | undefined): string => JSON.stringify(stack.resolve(arn) ?? null);
  const wanted = inWords(resourceOf(replica)?.sourceDbInstanceIdentifier);
  const others = replica.node.root.node.findAll() as (IConstruct & Partial<IDatabaseInstance>)[];
  return others.find(({ instanceArn, engine }) => engine !== undefined && inWords(instanceArn) === wanted)?.engine
    ?.engineType;
}

function engineOf(type: string | undefined): EngineName | undefined {
  return ENGINES.find(([types]) => type !== undefined && types.test(type))?.[1];
}
