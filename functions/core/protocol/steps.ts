import * as z from 'zod/mini';
import { targetSettings } from '../policy/target.ts';
import { TIER_NAMES } from '../policy/tier-names.ts';
import { SCHEMA } from './schema.ts';

/** What the rule of a target's stack sends to the dispatch function. The event itself is parsed by `alarm-event.ts`. */
export const dispatchRequest = z.object({ schema: z.literal(SCHEMA), target: targetSettings, event: z.unknown() });

const unopened = z.object({ result: z.enum(['stale', 'ignored', 'refused']), reason: z.string() });
/**
 * `opened` and `joined` name the one incident of the target. `handled`: this event's incident is closed already, or the
 * event tells of nothing else than the one that is named. `stale`: the event is old and its alarm no longer stands, or a
 * fresh sample shows that its trouble is over. `ignored`: an event that is no alarm going off. `refused`: not an alarm
 * event, or not one of this target; a person is told.
 */
export const dispatchResult = z.union([
  z.object({ result: z.enum(['opened', 'joined', 'handled']), incidentId: z.string() }),
  unopened,
]);

export type DispatchResult = z.infer<typeof dispatchResult>;
/** Why an event opened no incident. */
export type Unopened = z.infer<typeof unopened>;

/** What the schedule of a target's stack sends to the reconcile function each minute. */
export const reconcileTargetRequest = z.object({ schema: z.literal(SCHEMA), target: targetSettings });

/** What a schedule of a target's stack sends to the sample function each minute. */
export const sampleRequest = z.object({
  schema: z.literal(SCHEMA),
  kind: z.literal('sample'),
  target: targetSettings,
  /** The alarm to dispatch under: one of the target's own. */
  alarm: z.string(),
  /** How many samples this call takes, `policy.sampling.everySeconds` apart. */
  samples: z.int().check(z.minimum(1), z.maximum(6)),
});
export type SampleFunctionRequest = z.infer<typeof sampleRequest>;

/** What another one sends to it each day. */
const checkRequest = z.object({ schema: z.literal(SCHEMA), kind: z.literal('check'), target: targetSettings });
export type CheckFunctionRequest = z.infer<typeof checkRequest>;

export const samplerRequest = z.discriminatedUnion('kind', [sampleRequest, checkRequest]);

/** Input of the state machine and of Diagnose. Name and input of an execution derive from the incident id alone. */
export interface WorkflowInput {
  readonly schema: number;
  readonly incidentId: string;
}

export const diagnoseRequest = z.object({ schema: z.literal(SCHEMA), incidentId: z.string() });

/** What Diagnose hands to the Choice that follows it. `error` is null so that later states can always refer to it. */
export interface DiagnoseResult {
  readonly schema: number;
  readonly incidentId: string;
  readonly round: number;
  /** A tier to act, `ask` to ask a person first, `settle` to wait and look again, `watch` to see whether relief holds, or an end. */
  readonly next: (typeof TIER_NAMES)[number] | 'ask' | 'settle' | 'watch' | 'close' | 'escalate';
  /** Set when `next` is `close`, else `escalated`. */
  readonly outcome: Outcome;
  readonly settleSeconds: number;
  readonly watchSeconds: number;
  /** How long a person may take to answer. */
  readonly waitSeconds: number;
  readonly error: null;
}

/** The question is on record with the round. `taskToken` wakes this execution of the workflow when it is answered. */
export const askRequest = z.object({
  schema: z.literal(SCHEMA),
  incidentId: z.string(),
  round: z.number(),
  taskToken: z.string().check(z.minLength(1)),
});

export const actRequest = z.object({
  schema: z.literal(SCHEMA),
  incidentId: z.string(),
  round: z.number(),
  tier: z.enum(TIER_NAMES),
});

/** What a tier's state leaves beside Diagnose's result. */
export interface ActResult {
  readonly tier: (typeof TIER_NAMES)[number];
  readonly round: number;
  /** Why nothing was tried; null when the tier acted. */
  readonly held: string | null;
  readonly counts: Readonly<Record<string, number>>;
}

/** `done`: a person's call was carried out. It says nothing about relief. */
const OUTCOMES = ['relieved', 'not-needed', 'observed', 'escalated', 'failed', 'done'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** `error` is what Step Functions puts there on a Catch. Any schema is accepted: closing must work after a deploy too. */
const caught = z.nullable(z.object({ Error: z.optional(z.string()), Cause: z.optional(z.string()) }));
export const escalateRequest = z.object({ incidentId: z.string(), error: caught });
export const closeRequest = z.object({ incidentId: z.string(), outcome: z.enum(OUTCOMES), error: caught });
export const notifyRequest = z.object({ incidentId: z.string() });
