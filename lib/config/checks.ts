import { policy, policyProblems, type Policy } from '../../functions/core/policy/policy.ts';
import { checkCluster } from './cluster.ts';
import type { Finding, Path } from './problems.ts';
import { isRecord } from '../../functions/core/words/records.ts';
import { targetSchema, type Target } from './schema.ts';

/** The fields of a target that are valid by themselves. */
type ReadableTarget = Partial<Target>;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Everything the schema cannot say: how fields relate to each other. Skips fields that are invalid by themselves.
 */
export function checkTargets(targets: readonly unknown[], installation: Fields): Finding[] {
  const readable = targets.map((target) => (isRecord(target) ? readTarget(target) : {}));
  return [
    ...targets.flatMap((raw, index) => {
      if (!isRecord(raw)) return [];
      const findings = checkTarget(readable[index] ?? {}, raw, installation['region']);
      return findings.map((finding) => ({ ...finding, path: ['targets', index, ...finding.path] }));
    }),
    ...checkInstallation(targets, installation),
    ...findDuplicates(readable, 'id'),
    ...findDuplicates(readable, 'instance'),
    ...findDuplicates(readable, 'cluster'),
  ];
}

function readTarget(raw: Fields): ReadableTarget {
  const valid = Object.entries(targetSchema.shape).flatMap(([key, schema]) => {
    const parsed = schema.safeParse(raw[key]);
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(valid);
}

/** Undefined when it is invalid, which is reported elsewhere. */
function authModeOf(raw: unknown): Target['auth']['mode'] | undefined {
  const auth = isRecord(raw) ? raw['auth'] : undefined;
  if (auth === undefined) return 'iam';
  const mode = isRecord(auth) ? (auth['mode'] ?? 'iam') : undefined;
  return mode === 'iam' || mode === 'secret' || mode === 'url' ? mode : undefined;
}

function checkTarget(target: ReadableTarget, raw: Fields, region: unknown): Finding[] {
  return [
    ...checkRequired(raw),
    ...checkCluster(target),
    ...checkEndpoint(target, region),
    ...checkNetwork(isRecord(raw['network']) ? raw['network'] : {}),
    ...checkTls(target),
    ...checkSlots(target),
    ...checkPolicy(raw),
    ...checkProtection(raw),
  ];
}

const NEEDED_ON_AWS = {
  instance: 'the DBInstanceIdentifier, from which the alarms count connections',
  endpoint: 'host name and port of the instance',
  network: 'VPC and subnets for the worker',
  maxConnections: 'the value of max_connections, from which the alarm thresholds are computed',
} as const satisfies Partial<Record<keyof Target, string>>;

const NEEDED_OF_A_CLUSTER = {
  endpoint: 'the endpoint of the cluster, from which those of its members follow',
  network: NEEDED_ON_AWS.network,
} as const satisfies Partial<Record<keyof Target, string>>;

function checkRequired(raw: Fields): Finding[] {
  const mode = authModeOf(raw);
  if (mode === undefined || mode === 'url') return [];
  const needed: Readonly<Record<string, string>> = {
    ...(raw['cluster'] === undefined ? NEEDED_ON_AWS : NEEDED_OF_A_CLUSTER),
    ...(mode === 'iam' && { resourceId: 'the DbiResourceId, which IAM authentication names' }),
  };
  return Object.entries(needed)
    .filter(([key]) => raw[key] === undefined)
    .map(([key, what]) => ({
      path: [key],
      value: undefined,
      message: `is missing; auth mode "${mode}" needs ${what}`,
    }));
}

function checkInstallation(targets: readonly unknown[], installation: Fields): Finding[] {
  if (!targets.map(authModeOf).some((mode) => mode === 'iam' || mode === 'secret')) return [];
  return (['account', 'region'] as const)
    .filter((key) => installation[key] === undefined)
    .map((key) => ({
      path: ['installation', key],
      value: undefined,
      message: `is missing; targets with auth mode "iam" or "secret" need the AWS ${key}`,
    }));
}

const REFUSED_ENDPOINTS = [
  { part: /^cluster-ro-/, what: 'the reader endpoint of a cluster', where: 'any of its readers' },
  { part: /^cluster-custom-/, what: 'a custom endpoint of a cluster', where: 'any of its members' },
  { part: /^cluster-/, what: 'the writer endpoint of a cluster', where: 'another instance after a failover' },
  { part: /^(proxy-|endpoint$)/, what: 'the endpoint of an RDS Proxy', where: 'whatever instance the proxy picks' },
  { part: /^shardgrp-/, what: 'the endpoint of a shard group', where: 'any of its routers' },
] as const;

/** In China `rds` comes before the region, elsewhere behind it. Each partition of AWS has a domain of its own. */
const RDS_HOST =
  /^([^.]+)\.([^.]+)\.(?:[^.]+\.)?(?:rds\.([a-z0-9-]+)|([a-z0-9-]+)\.rds)\.amazonaws\.(?:com|com\.cn|eu)$/;

/** The region that the endpoint of an instance or a cluster names; undefined where it is none of RDS. */
export function regionOfEndpoint(host: string): string | undefined {
  const [, , , before, behind] = RDS_HOST.exec(host.toLowerCase()) ?? [];
  return before ?? behind;
}

function checkEndpoint(target: ReadableTarget, installed: unknown): Finding[] {
  const host = target.endpoint?.host.toLowerCase();
  const parts = host?.match(RDS_HOST);
  if (host === undefined || parts === null || parts === undefined) return [];
  const [, name = '', second = '', before, behind] = parts;
  const region = before ?? behind ?? '';
  const found = (message: string): Finding[] => [{ path: ['endpoint', 'host'], value: host, message }];

  const isClusters = target.cluster !== undefined;
  const refused = isClusters ? undefined : REFUSED_ENDPOINTS.find(({ part }) => part.test(second));
  if (refused !== undefined) {
    return found(
      `is ${refused.what}: it leads to ${refused.where}, and sessions would be ended on the wrong server; use the endpoint of one instance, or name the cluster itself: cluster`,
    );
  }
  if (!isClusters && target.instance !== undefined && name !== target.instance.toLowerCase()) {
    return found(`is the endpoint of instance "${name}", but instance says "${target.instance}"; make them agree`);
  }
  if (typeof installed === 'string' && region !== installed) {
    return found(
      `is in region ${region}, but installation.region is ${installed}; alarms and worker must be where the instance is`,
    );
  }
  return [];
}

function checkNetwork(network: Fields): Finding[] {
  if (network['manageIngress'] !== true || network['databaseSecurityGroupId'] !== undefined) return [];
  const message = 'needs databaseSecurityGroupId: the security group that lets the worker in';
  return [{ path: ['network', 'manageIngress'], value: true, message }];
}

function checkTls({ auth, tls }: ReadableTarget): Finding[] {
  if (auth?.mode !== 'iam' || tls?.mode !== 'disable') return [];
  return [
    {
      path: ['tls', 'mode'],
      value: tls.mode,
      message: 'IAM authentication sends its token over TLS only; use "verify-full"',
    },
  ];
}

function checkSlots({ maxConnections, reservedSlots }: ReadableTarget): Finding[] {
  if (maxConnections === undefined || reservedSlots === undefined || reservedSlots < maxConnections) return [];
  return [
    {
      path: ['reservedSlots'],
      value: reservedSlots,
      message: `must be less than maxConnections (${maxConnections}), or nothing is left for clients`,
    },
  ];
}

function checkPolicy(raw: Fields): Finding[] {
  const readable = readPolicy(raw['policy'] ?? {});
  if (readable === null) return [];
  return policyProblems(readable, raw['rehearsal'] === true).map((problem) => ({
    ...problem,
    path: ['policy', ...problem.path],
  }));
}

/** Lambda allows a function 4 KB of variables, and the worker knows by its own whom it must spare. */
const MOST_PROTECTION_BYTES = 2_500;

function checkProtection(raw: Fields): Finding[] {
  const protect = isRecord(raw['policy']) ? raw['policy']['protect'] : undefined;
  const bytes = Buffer.byteLength(JSON.stringify(protect ?? {}));
  if (authModeOf(raw) === 'url' || bytes <= MOST_PROTECTION_BYTES) return [];
  const message =
    `is too long for the worker's environment: ${bytes} bytes, and ${MOST_PROTECTION_BYTES} fit; ` +
    'use prefixes ("batch-*") and networks ("10.1.0.0/16")';
  return [{ path: ['policy', 'protect'], value: protect, message }];
}

/** The policy with defaults in place of whatever is invalid; null when it is no policy at all. */
function readPolicy(raw: unknown): Policy | null {
  const parsed = policy.safeParse(raw);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path],
  );
  const repaired = policy.safeParse(wrong.reduce<unknown>(without, raw));
  return repaired.success ? repaired.data : null;
}

function without(value: unknown, path: readonly PropertyKey[]): unknown {
  const [first, ...rest] = path;
  if (!isRecord(value) || typeof first !== 'string') return value;
  const { [first]: inner, ...others } = value;
  return rest.length === 0 || !isRecord(inner) ? others : { ...others, [first]: without(inner, rest) };
}

function findDuplicates(targets: readonly ReadableTarget[], key: 'id' | 'instance' | 'cluster'): Finding[] {
  const first = new Map<string, number>();
  return targets.flatMap((target, index) => {
    const value = target[key];
    if (value === undefined) return [];
    const earlier = first.get(value.toLowerCase());
    if (earlier === undefined) {
      first.set(value.toLowerCase(), index);
      return [];
    }
    const path: Path = ['targets', index, key];
    return [{ path, value, message: `is also that of targets[${earlier}]; every target needs its own` }];
  });
}
