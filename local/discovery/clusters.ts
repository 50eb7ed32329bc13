import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import { printable } from '../../functions/core/words/printable.ts';
import { DEFAULT_PORTS } from '../../functions/core/server/snapshot.ts';
import { clusterOf, type Inventory } from '../inventory/inventory.ts';
import { networkOf } from './network.ts';
import {
  enableIam,
  idFor,
  problemOf,
  proposeInstances,
  type ClusterEntry,
  type Proposal,
  type Proposed,
} from './propose.ts';

/** What the configuration has already: the ids of its targets, and whether it names an instance. */
interface Present {
  readonly ids: readonly string[];
  readonly isWritten: (instance: string) => boolean;
}

/** A target for each cluster, and for each instance that is in none. */
export function propose(inventory: Inventory, present: Present): Proposed {
  const { proposals, skipped } = proposeInstances(inventory, present.ids);
  return { proposals: joinMembers(inventory, proposals, present), skipped };
}

/**
 * One target for each cluster in place of its members, which Headroom finds and follows by itself. A cluster of which a
 * person has written members, one by one, stays as it is, and so does one whose endpoint is not that of a cluster.
 */
function joinMembers(inventory: Inventory, proposals: readonly Proposal[], present: Present): Proposal[] {
  const ids = new Set(present.ids);
  const joined = new Map<DBCluster, Proposal>();
  const byName = new Map(inventory.instances.map((each) => [each.DBInstanceIdentifier, each] as const));
  return proposals.flatMap((proposal): Proposal[] => {
    const { entry } = proposal;
    const instance = byName.get(entry.instance);
    const cluster = instance && clusterOf(inventory, instance);
    if (instance === undefined || cluster === undefined) return [proposal];
    if (joined.has(cluster)) return [];
    const members = (cluster.DBClusterMembers ?? []).flatMap(({ DBInstanceIdentifier }) => DBInstanceIdentifier ?? []);
    if (members.some(present.isWritten)) return [proposal];
    const whole = proposalOf(inventory, { cluster, instance, like: proposal, ids });
    if (whole === null) return [proposal];
    joined.set(cluster, whole);
    return [whole];
  });
}

interface Member {
  readonly cluster: DBCluster;
  /** The first of its members that could be a target, and what it would be. */
  readonly instance: DBInstance;
  readonly like: Proposal;
  readonly ids: ReadonlySet<string>;
}

function proposalOf(inventory: Inventory, { cluster, instance, like, ids }: Member): Proposal | null {
  const { DBClusterIdentifier: name = '', DbClusterResourceId: resourceId = '' } = cluster;
  const { engine, network } = like.entry;
  const port = cluster.Port ?? instance.Endpoint?.Port ?? DEFAULT_PORTS[engine];
  const entry: ClusterEntry = {
    id: idFor({ name, resourceId }, ids),
    engine,
    cluster: name,
    resourceId,
    endpoint: { host: cluster.Endpoint ?? '', ...(port === DEFAULT_PORTS[engine] ? {} : { port }) },
    network,
  };
  if (problemOf(entry) !== null) return null;
  return {
    entry,
    about: aboutOf(cluster),
    slotsSource: null,
    notes: [...notesOf(cluster), ...(networkOf(inventory, instance)?.notes ?? [])],
    enableIam: enableIam(inventory.region, instance, cluster),
    loginsFrom: cluster.ReplicationSourceIdentifier ?? null,
  };
}

function aboutOf({ Engine = '', EngineVersion = '', DBClusterMembers = [] }: DBCluster): string {
  const names = DBClusterMembers.map(
    ({ DBInstanceIdentifier = '', IsClusterWriter }) =>
      `${DBInstanceIdentifier}${IsClusterWriter === true ? ' (writer)' : ''}`,
  );
  return printable(`${Engine} ${EngineVersion}, a cluster: ${names.join(', ')}`, 200);
}

function notesOf({ Engine, ServerlessV2ScalingConfiguration: range }: DBCluster): string[] {
  const notes = [
    'Its members are found and followed: one that comes or goes needs no deployment.',
    Engine?.startsWith('aurora') !== true && 'A Multi-AZ DB cluster: not tested, read what the doctor says.',
    range !== undefined && `Serverless v2, ${range.MinCapacity ?? '?'} to ${range.MaxCapacity ?? '?'} ACUs.`,
    range?.MinCapacity === 0 && 'It may pause: a member that rests is not woken by samples.',
  ];
  return notes.filter((note) => note !== false);
}
