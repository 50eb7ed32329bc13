import * as z from 'zod/mini';
import { printable } from '../words/printable.ts';

/** An event of RDS about a server or a cluster. */
export interface RdsEvent {
  readonly of: 'instance' | 'cluster';
  /** DBInstanceIdentifier or DBClusterIdentifier. */
  readonly name: string;
  /** `RDS-EVENT-0049`; empty when it has none. */
  readonly id: string;
  /** RDS's words, on one line. */
  readonly message: string;
}

const KINDS = { 'RDS DB Instance Event': 'instance', 'RDS DB Cluster Event': 'cluster' } as const;
/** The `detail-type` of the events that are read. */
export const RDS_EVENTS = Object.keys(KINDS);
/** The categories that may mean other members, roles or limits. Backups and the like come every night. */
export const RDS_CATEGORIES = [
  'availability',
  'configuration change',
  'creation',
  'deletion',
  'failover',
  'failure',
  'maintenance',
  'recovery',
  'restoration',
] as const;

const NAME_LENGTH = 63;
const MESSAGE_LENGTH = 300;

const rdsEvent = z.object({
  source: z.literal('aws.rds'),
  'detail-type': z.enum(['RDS DB Instance Event', 'RDS DB Cluster Event']),
  detail: z.object({
    SourceIdentifier: z.string().check(z.minLength(1), z.maxLength(NAME_LENGTH)),
    EventID: z.optional(z.string()),
    Message: z.optional(z.string()),
  }),
});

/** Null for any other event. A changed parameter group is no event here: the server's own setting is read each minute. */
export function parseRdsEvent(event: unknown): RdsEvent | null {
  const parsed = rdsEvent.safeParse(event);
  if (!parsed.success) return null;
  const { 'detail-type': type, detail } = parsed.data;
  return {
    of: KINDS[type],
    name: detail.SourceIdentifier.toLowerCase(),
    id: printable(detail.EventID ?? '', 40),
    message: printable(detail.Message ?? '', MESSAGE_LENGTH),
  };
}
