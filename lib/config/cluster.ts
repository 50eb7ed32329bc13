import type { Finding } from './problems.ts';
import type { Target } from './schema.ts';

/**
 * The endpoint of a cluster, which leads to its writer, as RDS shows it:
 * `shop.cluster-c0abc.eu-west-1.rds.amazonaws.com`.
 */
const CLUSTER_HOST = /^[^.]+\.cluster-(?!ro-|custom-)/i;

function isClusterEndpoint(host: string): boolean {
  return CLUSTER_HOST.test(host);
}

/**
 * Where the members of a cluster listen, from its endpoint: `*.c0abc.eu-west-1.rds.amazonaws.com`. RDS gives all
 * servers of an account and region the same ending, and members of a cluster have no other.
 */
export function membersOf(clusterHost: string): string {
  return clusterHost.replace(CLUSTER_HOST, '*.');
}

/** What a cluster may not say, because each member has its own, or because nothing would hold it to the cluster. */
const NOT_OF_A_CLUSTER = {
  instance: 'is of one instance; a target is an instance or a cluster, so leave out one of the two',
  maxConnections: 'is of one instance; each member has its own, and it is read there, so leave it out',
  reservedSlots: 'is of one instance; each member has its own, and it is read there, so leave it out',
} as const satisfies Partial<Record<keyof Target, string>>;

/** What is wrong with a target that is a cluster; nothing for any other. */
export function checkCluster(target: Partial<Target>): Finding[] {
  if (target.cluster === undefined) return [];
  const { auth, endpoint, resourceId } = target;
  const given = (Object.keys(NOT_OF_A_CLUSTER) as (keyof typeof NOT_OF_A_CLUSTER)[])
    .filter((key) => target[key] !== undefined)
    .map((key): Finding => ({ path: [key], value: target[key], message: NOT_OF_A_CLUSTER[key] }));
  return [...given, ...checkLogin(auth, resourceId), ...checkHost(target.cluster, endpoint)];
}

function checkLogin(auth: Target['auth'] | undefined, resourceId: string | undefined): Finding[] {
  const isOfInstance = resourceId !== undefined && !resourceId.startsWith('cluster-');
  const id =
    'is that of an instance; a cluster needs its DbClusterResourceId "cluster-…", which holds for every member';
  const mode =
    'does not hold a login to this cluster, as a password works wherever the login is: a cluster needs mode "iam"; ' +
    'otherwise name its members one by one, each as a target with instance';
  return [
    ...(isOfInstance ? [{ path: ['resourceId'], value: resourceId, message: id }] : []),
    ...(auth !== undefined && auth.mode !== 'iam' ? [{ path: ['auth', 'mode'], value: auth.mode, message: mode }] : []),
  ];
}

function checkHost(cluster: string, endpoint: Target['endpoint']): Finding[] {
  if (endpoint === undefined) return [];
  const { host } = endpoint;
  const isOwn = isClusterEndpoint(host) && host.toLowerCase().startsWith(`${cluster.toLowerCase()}.`);
  const message =
    `is not the endpoint of the cluster itself, from which those of its members follow; use "${cluster}.cluster-…" ` +
    'as RDS shows it, not that of a reader, a proxy or one member';
  return isOwn ? [] : [{ path: ['endpoint', 'host'], value: host, message }];
}
