import * as z from 'zod/mini';
import { ENGINE_NAMES } from '../server/snapshot.ts';
import { mode, policy } from './policy.ts';

/** Lower-case letters, digits and dashes: it becomes part of resource names and of incident ids. */
export const targetId = z
  .string()
  .check(
    z.regex(
      /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
      'use 1 to 30 lower-case letters, digits and single dashes, first a letter',
    ),
  );

/** A connection pool as a person describes it: every instance of the application has one of this size. */
export const pool = z.object({
  /** For people, and to match: the user or application whose sessions it holds; digits aside. */
  name: z.string(),
  instances: z.number(),
  /** Most connections of one instance. */
  size: z.number(),
  /** Processor cores of one instance; null when not known. */
  cores: z.nullable(z.number()),
});
export type Pool = z.infer<typeof pool>;

/**
 * What a target's own stack hands to the shared functions with every event, and what an incident keeps a copy of, so that
 * one incident is run under one policy. No secrets, no connection settings: those belong to the worker.
 */
export const targetSettings = z.object({
  id: targetId,
  engine: z.enum(ENGINE_NAMES),
  /** The RDS instance, as in the DBInstanceIdentifier dimension; for other servers a name of their own. */
  instance: z.string(),
  /** host:port, for people who read the record. */
  endpoint: z.string(),
  /** Name of the worker function. */
  worker: z.string(),
  /** Names of the alarms that may open an incident for this target. */
  alarms: z.array(z.string()),
  mode,
  /** An instance of RDS or Aurora, so that the control plane can be asked about it. */
  isRds: z.boolean(),
  pools: z.array(pool),
  /** Also what the config says max_connections is; the live value decides. */
  maxConnections: z.optional(z.number()),
  /** Slots that ordinary clients never get, as the thresholds of the alarms assume; the live value decides. */
  reservedSlots: z.optional(z.number()),
  policy,
});
export type TargetSettings = z.infer<typeof targetSettings>;
