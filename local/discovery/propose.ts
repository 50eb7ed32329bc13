import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import { printable } from '../../functions/core/words/printable.ts';
import { sha256 } from '../../functions/core/words/sha256.ts';
import { DEFAULT_PORTS } from '../../functions/core/server/snapshot.ts';
import { targetSchema, type Target } from '../../lib/config/schema.ts';
import { engineOf, tooOld } from '../inventory/engines.ts';
import { clusterOf, type Inventory } from '../inventory/inventory.ts';
import { networkOf, type Network } from './network.ts';
import { slotsOf } from './slots.ts';

/** The fields of a target that AWS knows, as they are written. */
export type Entry = InstanceEntry | ClusterEntry;

type Known = Pick<Target, 'id' | 'engine'> &
  Required<Pick<Target, 'resourceId'>> & {
    readonly endpoint: { readonly host: string; readonly port?: number };
    readonly network: Network;
  };

type InstanceEntry = Known &
  Required<Pick<Target, 'instance' | 'maxConnections' | 'reservedSlots'>> & { readonly cluster?: undefined };

/** Each member has slots of its own, which are read there. */
export type ClusterEntry = Known &
  Required<Pick<Target, 'cluster'>> & {
    readonly instance?: undefined;
    readonly maxConnections?: undefined;
    readonly reservedSlots?: undefined;
  };

/** A target for the configuration, with what a person should know of it. */
export interface Proposal {
  readonly entry: Entry;
  /** One line: what it is. */
  readonly about: string;
  /** Where `maxConnections` comes from; null for a cluster, which has none. */
  readonly slotsSource: string | null;
  /** What is uncommon about it. */
  readonly notes: readonly string[];
  /** The command that switches IAM authentication on; null where it is on. */
  readonly enableIam: string | null;
  /** The server that it copies, and gets its logins from; null for one that is no copy. */
  readonly loginsFrom: string | null;
}

/** A database that is not written, and why. */
export interface Skipped {
  readonly name: string;
  readonly why: string;
}

export interface Proposed {
  readonly proposals: readonly Proposal[];
  readonly skipped: readonly Skipped[];
}

/** A target for each instance. `taken`: ids of targets that the configuration has already. */
export function proposeInstances(inventory: Inventory, taken: readonly string[]): Proposed {
  const ids = new Set(taken);
  const proposals: Proposal[] = [];
  const skipped: Skipped[] = [];
  for (const instance of inventory.instances) {
    const name = printable(instance.DBInstanceIdentifier ?? 'an instance without a name');
    const proposed = proposalOf(inventory, instance, ids);
    if ('why' in proposed) skipped.push({ name, why: proposed.why });
    else {
      ids.add(proposed.entry.id);
      proposals.push(proposed);
    }
  }
  return { proposals, skipped: [...skipped, ...clustersWithoutMembers(inventory)] };
}

function proposalOf(
  inventory: Inventory,
  instance: DBInstance,
  taken: ReadonlySet<string>,
): Proposal | { readonly why: string } {
  const cluster = clusterOf(inventory, instance);
  const engine = engineOf(instance);
  const why = reasonToSkip(inventory, instance, cluster);
  if (why !== null || engine === null) return { why: why ?? '' };
  const network = networkOf(inventory, instance);
  if (network === null) return { why: 'it is in no VPC, or AWS names no subnets of it' };
  const slots = slotsOf(inventory, instance, engine);
  if (slots === null) {
    return {
      why:
        'its max_connections is not known: it takes rds:DescribeDBParameters, rds:DescribeDBClusterParameters and ' +
        'ec2:DescribeInstanceTypes; run this again with these rights, or write the target with the value of SHOW max_connections',
    };
  }
  const { Endpoint, DBInstanceIdentifier = '' } = instance;
  const port = Endpoint?.Port ?? DEFAULT_PORTS[engine];
  const entry: InstanceEntry = {
    id: idFor({ name: DBInstanceIdentifier, resourceId: instance.DbiResourceId ?? '' }, taken),
    engine,
    instance: DBInstanceIdentifier,
    resourceId: (cluster === undefined ? instance.DbiResourceId : cluster.DbClusterResourceId) ?? '',
    endpoint: { host: Endpoint?.Address ?? '', ...(port === DEFAULT_PORTS[engine] ? {} : { port }) },
    network: network.network,
    maxConnections: slots.maxConnections,
    reservedSlots: slots.reservedSlots,
  };
  const problem = problemOf(entry);
  if (problem !== null) return { why: `AWS describes it in a way that cannot be written: ${problem}` };
  return {
    entry,
    about: aboutOf(instance, cluster),
    slotsSource: slots.source,
    notes: [...notesOf(instance, cluster), ...network.notes],
    enableIam: enableIam(inventory.region, instance, cluster),
    loginsFrom: loginsFrom(instance, cluster),
  };
}

/** In the order in which a person would want to hear of it. */
function reasonToSkip({ copies }: Inventory, instance: DBInstance, cluster: DBCluster | undefined): string | null {
  const {
    Engine = 'unknown',
    EngineVersion = '',
    DBInstanceStatus: status = 'unknown',
    DBClusterIdentifier,
  } = instance;
  const engine = engineOf(instance);
  if (engine === null) return `its engine is ${printable(Engine)}: Headroom does PostgreSQL, MySQL and MariaDB`;
  if (DBClusterIdentifier !== undefined && cluster === undefined)
    return `its cluster ${printable(DBClusterIdentifier)} is gone`;
  if (status === 'deleting' || cluster?.Status === 'deleting') return 'it is being deleted';
  const copy = copies.get(instance.DBInstanceArn ?? '') ?? copies.get(cluster?.DBClusterArn ?? '');
  if (copy !== undefined) {
    return `it is the unused side of blue/green deployment ${printable(copy)}; run this again when the switch-over is done`;
  }
  if (cluster?.ClusterScalabilityType === 'limitless')
    return 'it is part of an Aurora Limitless Database, whose routers Headroom does not do';
  const oldest = tooOld(engine, EngineVersion);
  if (oldest !== null) return `its version is ${printable(EngineVersion)}: Headroom needs ${oldest} or later`;
  if (instance.Endpoint?.Address === undefined)
    return `it has no endpoint yet (${printable(status)}); run this again when it is available`;
  return null;
}

function clustersWithoutMembers({ emptyClusters }: Inventory): Skipped[] {
  return emptyClusters
    .filter((cluster) => engineOf(cluster) !== null)
    .map(({ DBClusterIdentifier = '', EngineMode }) => ({
      name: printable(DBClusterIdentifier),
      why:
        EngineMode === 'serverless'
          ? 'Aurora Serverless v1 has no instance that Headroom could look after; Serverless v2 has'
          : 'the cluster has no instance',
    }));
}

/** Targets have a name of their own in the configuration: short, because it is part of others. */
const LONGEST_ID = 28;

/** An id that no target has yet. The same again each time, whatever else there is. */
export function idFor(
  { name, resourceId }: { readonly name: string; readonly resourceId: string },
  taken: ReadonlySet<string>,
): string {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  if (plain.length <= LONGEST_ID && !taken.has(plain)) return plain;
  const mark = sha256(resourceId).slice(0, 4);
  return `${plain.slice(0, LONGEST_ID - 5).replace(/-+$/, '')}-${mark}`;
}

/** Why it could not be read as a target; null where it can. */
export function problemOf(entry: Entry): string | null {
  const parsed = targetSchema.safeParse(entry);
  if (parsed.success) return null;
  return printable(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '), 200);
}

function aboutOf(instance: DBInstance, cluster: DBCluster | undefined): string {
  const { Engine = '', EngineVersion = '', DBInstanceClass = '', DBInstanceIdentifier } = instance;
  const member = cluster?.DBClusterMembers?.find((each) => each.DBInstanceIdentifier === DBInstanceIdentifier);
  const role = member?.IsClusterWriter === true ? 'writer' : 'reader';
  const place = cluster === undefined ? '' : `, ${role} of cluster ${cluster.DBClusterIdentifier ?? ''}`;
  return printable(`${Engine} ${EngineVersion} on ${DBInstanceClass}${place}`, 200);
}

function notesOf(instance: DBInstance, cluster: DBCluster | undefined): string[] {
  const { DBInstanceStatus: status = '', DBInstanceClass, ReadReplicaSourceDBInstanceIdentifier: source } = instance;
  const { MinCapacity, MaxCapacity } = cluster?.ServerlessV2ScalingConfiguration ?? {};
  const isAurora = cluster?.Engine?.startsWith('aurora') ?? false;
  const pending = (instance.DBParameterGroups ?? []).some((group) => group.ParameterApplyStatus === 'pending-reboot');
  const notes = [
    status !== 'available' && `It is not available right now: ${printable(status)}.`,
    source !== undefined && `A read replica of ${printable(source)}: only tiers that end sessions run on it.`,
    cluster !== undefined &&
      isAurora &&
      'A member of a cluster: after a failover the roles change, the target does not.',
    cluster !== undefined && !isAurora && 'A member of a Multi-AZ DB cluster: not tested, read what the doctor says.',
    DBInstanceClass === 'db.serverless' &&
      `Serverless v2, ${MinCapacity ?? '?'} to ${MaxCapacity ?? '?'} ACUs: maxConnections follows the largest.`,
    DBInstanceClass === 'db.serverless' && MinCapacity === 0 && 'It may pause: while it rests, samples do not wake it.',
    pending && 'Its parameter group has changes that wait for a restart.',
    instance.PendingModifiedValues?.DBInstanceClass !== undefined &&
      `Its class is about to change to ${printable(instance.PendingModifiedValues.DBInstanceClass)}, and maxConnections with it.`,
  ];
  return notes.filter((note) => note !== false);
}

function loginsFrom(instance: DBInstance, cluster: DBCluster | undefined): string | null {
  const source = instance.ReadReplicaSourceDBInstanceIdentifier ?? cluster?.ReplicationSourceIdentifier;
  const writer = cluster?.DBClusterMembers?.find(({ IsClusterWriter }) => IsClusterWriter === true);
  const from = source ?? writer?.DBInstanceIdentifier ?? null;
  return from === instance.DBInstanceIdentifier ? null : from;
}

/** The command that switches IAM authentication on; null where it is on. */
export function enableIam(region: string, instance: DBInstance, cluster: DBCluster | undefined): string | null {
  const isOn = cluster?.IAMDatabaseAuthenticationEnabled ?? instance.IAMDatabaseAuthenticationEnabled ?? false;
  if (isOn) return null;
  return cluster === undefined
    ? `aws rds modify-db-instance --db-instance-identifier ${instance.DBInstanceIdentifier ?? ''} --enable-iam-database-authentication --apply-immediately --region ${region}`
    : `aws rds modify-db-cluster --db-cluster-identifier ${cluster.DBClusterIdentifier ?? ''} --enable-iam-database-authentication --apply-immediately --region ${region}`;
}
