import * as z from 'zod/mini';
import { memberName } from '../members/member.ts';
import { ENGINE_NAMES } from '../server/snapshot.ts';
import { mode, policy } from './policy.ts';

/** Lower-case letters, digits and dashes: it is part of resource names and incident ids. */
export const targetId = z
  .string()
  .check(
    z.regex(
      /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
      'use 1 to 30 lower-case letters, digits and single dashes, first a letter',
    ),
  );

/** Of a target, or of a member of a cluster: `shop/shop-1`. */
export const anyTargetId = z.union([targetId, z.templateLiteral([targetId, '/', memberName])]);

/** A connection pool as a person describes it: every instance of the application has one of this size. */
const pool = z.object({
  /** For people, and to match it: the user or application whose sessions it holds, digits ignored. */
  name: z.string(),
  instances: z.number(),
  /** Most connections of one instance. */
  size: z.number(),
  /** Processor cores of one instance; null when unknown. */
  cores: z.nullable(z.number()),
});
export type Pool = z.infer<typeof pool>;

/**
 * What the control functions know of a target: its deployment writes it into the table. An incident keeps a copy, so
 * that it runs under one policy from beginning to end. No secrets and no connection settings: only the worker has those.
 */
export const targetSettings = z.object({
  id: anyTargetId,
  engine: z.enum(ENGINE_NAMES),
  /** The RDS instance, as in the DBInstanceIdentifier dimension; for a cluster or another server, its name. */
  instance: z.string(),
  /** A cluster: no server itself. Its members are targets, with its settings. */
  isCluster: z.optional(z.boolean()),
  /** What IAM authentication names: the DbiResourceId, or that of the cluster. Absent where it is not known. */
  resourceId: z.optional(z.string()),
  /** host:port, for people who read the record. */
  endpoint: z.string(),
  /** Name of the worker function. */
  worker: z.string(),
  /** Which member of a cluster it is; absent for a target that is no member. */
  member: z.optional(memberName),
  /** Without connections for a while it pauses (Aurora Serverless v2 with a minimum of 0 ACUs). */
  pauses: z.optional(z.boolean()),
  /** Names of the alarms that may open an incident for this target. */
  alarms: z.array(z.string()),
  mode,
  /** An instance of RDS or Aurora: AWS can be asked about it. */
  isRds: z.boolean(),
  pools: z.array(pool),
  /** max_connections as configured; the live value decides. */
  maxConnections: z.optional(z.number()),
  /** Slots that ordinary clients never get, as the alarm thresholds assume; the live value decides. */
  reservedSlots: z.optional(z.number()),
  policy,
  /** What commands need to find this installation; absent where their defaults do. */
  commands: z.optional(z.object({ config: z.nullable(z.string()), records: z.nullable(z.string()) })),
});
export type TargetSettings = z.infer<typeof targetSettings>;
