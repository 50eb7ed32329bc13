import type { SecurityGroup } from '@aws-sdk/client-ec2';
import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';

/** What AWS says of the databases of one region, as its API says it. */
export interface Inventory {
  readonly region: string;
  /** Those whose tags were asked for, of every engine. */
  readonly instances: readonly DBInstance[];
  /** By identifier: every cluster, whatever its tags. */
  readonly clusters: ReadonlyMap<string, DBCluster>;
  /** Those without an instance whose tags were asked for. */
  readonly emptyClusters: readonly DBCluster[];
  /** ARNs of instances and clusters that a blue/green deployment has beside those in use, and its name. */
  readonly copies: ReadonlyMap<string, string>;
  /** Values by name, by parameter group: see `groupKey`. A group that could not be read is missing. */
  readonly parameters: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly securityGroups: ReadonlyMap<string, SecurityGroup>;
  /** Bytes of memory by instance class, such as `db.r6g.large`. */
  readonly memory: ReadonlyMap<string, number>;
  /** What could not be asked, in words, with what would allow it. */
  readonly unknown: readonly string[];
}

/** Instances and clusters have parameter groups of their own, which may be named alike. */
function groupKey(kind: 'instance' | 'cluster', name: string): string {
  return `${kind}:${name}`;
}

/** The cluster that an instance is a member of; undefined for one that stands alone. */
export function clusterOf({ clusters }: Pick<Inventory, 'clusters'>, instance: DBInstance): DBCluster | undefined {
  return instance.DBClusterIdentifier === undefined ? undefined : clusters.get(instance.DBClusterIdentifier);
}

/** The parameter groups that settings of an instance come from, the one that decides first. */
export function groupsOf(instance: DBInstance, cluster: DBCluster | undefined): readonly string[] {
  const own = (instance.DBParameterGroups ?? []).map(({ DBParameterGroupName: name = '' }) => name);
  const shared = cluster?.DBClusterParameterGroup;
  return [
    ...own.filter((name) => name !== '').map((name) => groupKey('instance', name)),
    ...(shared === undefined ? [] : [groupKey('cluster', shared)]),
  ];
}
