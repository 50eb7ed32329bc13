import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  paginateDescribeDBInstances,
  RDSClient,
  type DBCluster,
  type DBInstance,
} from '@aws-sdk/client-rds';
import type { ClusterSeen, InstanceSeen } from '../../core/members/compare-members.ts';
import type { Databases } from '../../core/ports/outside.ts';
import { once } from '../process/once.ts';

/** Servers and clusters by the control plane of RDS: Aurora's, and those of Multi-AZ DB clusters. */
export function createDatabases(rds: RDSClient): Databases {
  return {
    async cluster(name) {
      const cluster = await unlessMissing('DBClusterNotFoundFault', async () => {
        const { DBClusters: [found] = [] } = await rds.send(
          new DescribeDBClustersCommand({ DBClusterIdentifier: name }),
        );
        return found;
      });
      return cluster?.DbClusterResourceId === undefined ? null : clusterSeen(cluster, await readMembers(name, rds));
    },
    async instance(name) {
      const found = await unlessMissing('DBInstanceNotFoundFault', async () => {
        const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
        return (await rds.send(command)).DBInstances?.[0];
      });
      const [seen] = found === null ? [] : instanceSeen(found);
      return seen === undefined ? null : { ...seen, cluster: found?.DBClusterIdentifier?.toLowerCase() ?? null };
    },
  };
}

/** One per process. */
export const databasesFromEnvironment = once((): Databases => {
  const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
  return createDatabases(new RDSClient({ requestHandler }));
});

async function readMembers(cluster: string, client: RDSClient): Promise<InstanceSeen[]> {
  const Filters = [{ Name: 'db-cluster-id', Values: [cluster] }];
  const instances: InstanceSeen[] = [];
  for await (const { DBInstances: page = [] } of paginateDescribeDBInstances({ client }, { Filters })) {
    instances.push(...page.flatMap(instanceSeen));
  }
  return instances;
}

/** The cluster says who its members are, the instances how they are. */
function clusterSeen(cluster: DBCluster, instances: readonly InstanceSeen[]): ClusterSeen {
  const byName = new Map(instances.map((instance) => [instance.name, instance]));
  return {
    resourceId: cluster.DbClusterResourceId ?? '',
    pauses: cluster.ServerlessV2ScalingConfiguration?.MinCapacity === 0,
    members: (cluster.DBClusterMembers ?? []).flatMap(
      ({ DBInstanceIdentifier: id, IsClusterWriter: isWriter = false }) => {
        const name = id?.toLowerCase();
        if (name === undefined) return [];
        return [{ ...(byName.get(name) ?? { name, resourceId: '', status: 'unknown', host: null }), isWriter }];
      },
    ),
  };
}

function instanceSeen(instance: DBInstance): InstanceSeen[] {
  const {
    DBInstanceIdentifier: name,
    DbiResourceId: resourceId,
    DBInstanceStatus: status = '',
    Endpoint: at,
  } = instance;
  if (name === undefined || resourceId === undefined) return [];
  const host = at?.Address === undefined ? null : `${at.Address}:${at.Port ?? ''}`;
  return [{ name: name.toLowerCase(), resourceId, status, host }];
}

/** RDS names the error of what is not there. */
async function unlessMissing<T>(error: string, ask: () => Promise<T | undefined>): Promise<T | null> {
  try {
    return (await ask()) ?? null;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === error) return null;
    throw thrown;
  }
}
