import * as z from 'zod/mini';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

/**
 * What a load is made of. Its sessions are all of one label: a drill in which an `innocent` session is ended has
 * failed, whatever else happened.
 */
export const loadSpec = z.object({
  /** As it appears in reports: "the healthy pool". */
  name: z.string(),
  behaviour: z.enum([
    'healthy-pool',
    'leaking-app',
    'idle-in-transaction',
    'runaway-query',
    'lock-holder',
    'lock-waiters',
    'honest-load',
    'protected-work',
    'replication',
    'quiet-sessions',
    'storm',
    'oversized-pools',
    'migration',
    'deadlock',
    'batch-job',
    'half-open-flood',
  ]),
  user: z.string(),
  /**
   * Its login's powers, as the drill creates it. `reserved` exists from PostgreSQL 16; `owner` may change the shop's
   * tables.
   */
  login: z._default(z.enum(['ordinary', 'owner', 'reserved', 'superuser', 'replication']), 'ordinary'),
  /** Connections the server allows its user; no limit when absent. */
  connectionLimit: z.optional(z.int().check(z.minimum(1))),
  application: z.string(),
  label: z.enum(['guilty', 'innocent']),
  sessions: z.union([z.int().check(z.minimum(1)), z.literal('until-refused')]),
  /** Processes that share its sessions evenly; several differ by application name and, on Linux, by address. */
  instances: z._default(z.int().check(z.minimum(1), z.maximum(200)), 1),
  /** Open one session after the other, this long apart, as usage grows in production; as fast as can be when absent. */
  everyMs: z.optional(z.int()),
  /** How many of them ignore a cancel request (runaway-query). */
  stubborn: z._default(z.int(), 0),
  /**
   * Close each session after about this long, and reconnect at once (storm); when absent it is kept until it is lost.
   */
  keepMs: z.optional(z.int()),
  /** Be at work all that time instead of idle (storm). */
  isBusy: z._default(z.boolean(), false),
  /** Reconnect about this long after a refusal (storm). */
  retryMs: z._default(z.int().check(z.minimum(1)), 1_000),
  /** Close every session this long after the alarm (quiet-sessions); never when absent. */
  leaveAfterAlarmMs: z.optional(z.int()),
});
export type LoadSpec = z.infer<typeof loadSpec>;
export type LoadInput = z.input<typeof loadSpec>;

/** What a load process is started with. */
export interface LoadOrder {
  readonly type: 'order';
  readonly engine: EngineName;
  readonly spec: LoadSpec;
  readonly url: string;
  readonly seed: number;
}

/**
 * What a load process receives: first its order; later that the alarm has gone off, or to close its sessions and end.
 */
export type ToLoad = LoadOrder | { readonly type: 'alarm' } | { readonly type: 'leave' };

/** What a load process says while it runs. */
export const loadMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('opened'), id: z.number(), incarnation: z.string(), purpose: z.string() }),
  /** The load closed it itself. */
  z.object({ type: z.literal('closed'), id: z.number() }),
  /** The server ended it. */
  z.object({ type: z.literal('lost'), id: z.number(), code: z.string() }),
  /** A statement failed on a session that lives on. */
  z.object({ type: z.literal('failed'), id: z.number(), code: z.string(), cancelled: z.boolean() }),
  /** No session was given. */
  z.object({ type: z.literal('refused'), code: z.string() }),
  z.object({ type: z.literal('worked') }),
  /** All sessions are open and do what they are for. */
  z.object({ type: z.literal('ready') }),
  /** The load itself is broken; the drill cannot go on. */
  z.object({ type: z.literal('broken'), message: z.string() }),
]);
export type LoadMessage = z.infer<typeof loadMessage>;
