import * as z from 'zod/mini';
import { BadRequest } from '../core/protocol/errors.ts';
import { problemsIn } from '../core/protocol/zod-words.ts';

/** What the stacks write: one target with its settings, and the list of all targets of an installation. */
export const TARGET_RESOURCE = 'Custom::HeadroomTarget';
const TARGETS_RESOURCE = 'Custom::HeadroomTargets';

/** What CloudFormation asks of a custom resource. */
export interface StackRequest {
  readonly kind: 'Create' | 'Update' | 'Delete';
  readonly resourceType: typeof TARGET_RESOURCE | typeof TARGETS_RESOURCE;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What an earlier answer has named; null at first. */
  readonly physicalId: string | null;
  readonly stackId: string;
}

/** How to answer CloudFormation, which waits for it. */
export interface ReturnAddress {
  readonly url: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalId: string;
}

const address = z.object({
  ResponseURL: z.url({ protocol: /^https$/ }),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
});
const request = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResourceType: z.enum([TARGET_RESOURCE, TARGETS_RESOURCE]),
  ResourceProperties: z.record(z.string(), z.unknown()),
  PhysicalResourceId: z.optional(z.string()),
});

/** Throws BadRequest for an event that nobody waits for an answer to. */
export function parseReturnAddress(event: unknown): ReturnAddress {
  const parsed = address.safeParse(event);
  if (!parsed.success)
    throw new BadRequest(`not a request of CloudFormation: ${problemsIn(parsed.error, 'event').join('; ')}`);
  const { ResponseURL: url, StackId: stackId, RequestId: requestId, LogicalResourceId: logicalId } = parsed.data;
  return { url, stackId, requestId, logicalId };
}

/** Throws BadRequest. */
export function parseStackRequest(event: unknown, { stackId }: ReturnAddress): StackRequest {
  const parsed = request.safeParse(event);
  if (!parsed.success) throw new BadRequest(problemsIn(parsed.error, 'event').join('; '));
  const { RequestType: kind, ResourceType: resourceType, ResourceProperties: properties } = parsed.data;
  return { kind, resourceType, properties, physicalId: parsed.data.PhysicalResourceId ?? null, stackId };
}
