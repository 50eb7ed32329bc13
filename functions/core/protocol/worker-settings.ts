import * as z from 'zod/mini';
import { membersPattern } from '../members/member.ts';
import { bounds } from '../policy/bounds.ts';
import { ENGINE_NAMES } from '../server/snapshot.ts';

/** How the worker logs in. It has two logins: the responder, and the canary, which stands for every ordinary client. */
const workerAuth = z.discriminatedUnion('mode', [
  /** IAM database authentication: the function signs a token itself, without an AWS call. */
  z.object({ mode: z.literal('iam'), region: z.string(), user: z.string(), canaryUser: z.string() }),
  /** Two Secrets Manager secrets with `username` and `password`. */
  z.object({
    mode: z.literal('secret'),
    region: z.string(),
    secretArn: z.string(),
    canarySecretArn: z.nullable(z.string()),
  }),
  /** URLs in environment variables of the process. Local runs only. */
  z.object({ mode: z.literal('url'), variable: z.string(), canaryVariable: z.nullable(z.string()) }),
]);

/** All settings of the worker: the JSON in its environment variable HEADROOM_WORKER. No secrets. */
export const workerSettings = z.object({
  engine: z.enum(ENGINE_NAMES),
  /**
   * The instance that the worker must reach. Aurora servers know their name; elsewhere TLS checks the host name. Of a
   * cluster: its name, while each request says which member must be reached.
   */
  instance: z.string(),
  /** Null in url mode, where the URL has it, and for a cluster. */
  host: z.nullable(z.string()),
  /** For a cluster: where its members listen. The worker reaches no other host. */
  members: z.optional(membersPattern),
  /** Null in url mode, as is the database. */
  port: z.nullable(z.number()),
  database: z.nullable(z.string()),
  auth: workerAuth,
  tls: z.object({
    mode: z.enum(['verify-full', 'require', 'disable']),
    /** Path of a PEM file, absolute or relative to the bundle; null for the runtime's own store. */
    ca: z.nullable(z.string()),
  }),
  statements: z.enum(['redacted', 'verb', 'verbatim']),
  bounds,
});
export type WorkerSettings = z.infer<typeof workerSettings>;
export type WorkerAuth = z.infer<typeof workerAuth>;
