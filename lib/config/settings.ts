import { modeOfTier } from '../../functions/core/plan/tiers/mode-of-tier.ts';
import type { Bounds } from '../../functions/core/policy/bounds.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { TIER_NAMES, type TierName } from '../../functions/core/policy/tier-names.ts';
import type { WorkerAuth, WorkerSettings } from '../../functions/core/protocol/worker-settings.ts';
import { DEFAULT_PORTS } from '../../functions/core/server/snapshot.ts';
import { namesOf } from '../house/names.ts';
import { membersOf } from './cluster.ts';
import type { HeadroomConfig, Target } from './schema.ts';

/** Where the worker's bundle keeps the certificates it trusts. */
export const BUNDLED_CA = 'rds-ca.pem';

const DEFAULT_DATABASES = { postgres: 'postgres', mysql: null, mariadb: null } as const;
/**
 * On RDS for PostgreSQL: superuser_reserved_connections (3), rds.rds_reserved_connections (4) and reserved_connections
 * (2). MySQL and MariaDB keep their extra slot beyond max_connections.
 */
const DEFAULT_RESERVED_SLOTS = { postgres: 9, mysql: 0, mariadb: 0 } as const;

/** What the shared functions know of a target: its deployment writes it into the table. */
export function toTargetSettings(config: HeadroomConfig, target: Target): TargetSettings {
  const names = namesOf(config.installation.prefix);
  return {
    id: target.id,
    engine: target.engine,
    instance: nameOf(target),
    ...(target.cluster !== undefined && { isCluster: true }),
    ...(target.resourceId !== undefined && { resourceId: target.resourceId }),
    endpoint: describeEndpoint(target),
    worker: names.worker(target.id),
    alarms: Object.values(names.alarms(target.id)),
    mode: target.mode,
    isRds: target.auth.mode !== 'url',
    pools: target.pools.map(({ cores = null, ...pool }) => ({ ...pool, cores })),
    maxConnections: target.maxConnections,
    // Without a metric alarm the default is not needed.
    reservedSlots:
      target.auth.mode === 'url' || target.cluster !== undefined ? target.reservedSlots : reservedSlotsOf(target),
    policy: target.policy,
    ...(config.commands && { commands: config.commands }),
  };
}

/** The settings of a target's worker. Certificates: a file of the bundle on AWS, the configured file in url mode. */
export function toWorkerSettings(config: HeadroomConfig, target: Target): WorkerSettings {
  const isLocal = target.auth.mode === 'url';
  const { cluster, endpoint } = target;
  return {
    engine: target.engine,
    instance: nameOf(target),
    host: isLocal || cluster !== undefined ? null : (endpoint?.host ?? null),
    ...(cluster !== undefined && endpoint !== undefined && { members: membersOf(endpoint.host) }),
    port: isLocal ? null : portOf(target),
    database: isLocal ? null : (endpoint?.database ?? DEFAULT_DATABASES[target.engine]),
    auth: toWorkerAuth(target.auth, config.installation.region ?? ''),
    tls: { mode: target.tls.mode, ca: caOf(target) },
    statements: target.policy.statements,
    bounds: boundsOf(target),
  };
}

/** The instance or cluster at RDS; for another server, its id. */
function nameOf({ instance, cluster, id }: Target): string {
  return cluster ?? instance ?? id;
}

/** What the worker refuses to do whoever asks. */
function boundsOf(target: Target): Bounds {
  const { protect, caps } = target.policy;
  return {
    mayEnd: TIER_NAMES.some((tier) => modeOfTier(tier, target) !== 'observe'),
    mayLimit: modeOfTier('cap-consumer', target) !== 'observe',
    protect,
    perActPercent: caps.perTierPercent,
    perHourPercent: caps.perHourPercent,
  };
}

/** The tiers of a target that wait for a person. */
export function askingTiersOf(target: Target): TierName[] {
  return TIER_NAMES.filter((name) => modeOfTier(name, target) === 'approve');
}

/** Slots that ordinary clients never get, as configured or as the engine has them on RDS. */
export function reservedSlotsOf(target: Target): number {
  return target.reservedSlots ?? DEFAULT_RESERVED_SLOTS[target.engine];
}

/** TCP port of the endpoint. */
export function portOf(target: Target): number {
  return target.endpoint?.port ?? DEFAULT_PORTS[target.engine];
}

function describeEndpoint(target: Target): string {
  if (target.auth.mode === 'url') return `$${target.auth.variable}`;
  return `${target.endpoint?.host ?? '?'}:${portOf(target)}`;
}

function toWorkerAuth(auth: Target['auth'], region: string): WorkerAuth {
  switch (auth.mode) {
    case 'iam':
      return { mode: 'iam', region, user: auth.user, canaryUser: auth.canaryUser };
    case 'secret':
      return { mode: 'secret', region, secretArn: auth.secretArn, canarySecretArn: auth.canarySecretArn ?? null };
    case 'url':
      return { mode: 'url', variable: auth.variable, canaryVariable: auth.canaryVariable ?? null };
  }
}

function caOf(target: Target): string | null {
  if (target.auth.mode === 'url') return target.tls.ca ?? null;
  return target.tls.mode === 'verify-full' ? BUNDLED_CA : null;
}

/** How long links to reports work where nobody says. */
const DEFAULT_LINK_DAYS = 7;

/** The page that people reach: whether it is there, and for how many days its links to reports work; 0: it has none. */
export function pageOf(
  asks: boolean,
  linkDays: number | undefined,
): { readonly isThere: boolean; readonly linkDays: number } {
  const isThere = asks || (linkDays ?? 0) > 0;
  return { isThere, linkDays: isThere ? (linkDays ?? DEFAULT_LINK_DAYS) : 0 };
}

/** The same for a configuration. */
export function pageOfConfig({ targets, reports }: Pick<HeadroomConfig, 'targets' | 'reports'>) {
  return pageOf(
    targets.some((target) => askingTiersOf(target).length > 0),
    reports.linkDays,
  );
}
