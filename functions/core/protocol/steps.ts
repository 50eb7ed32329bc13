import * as z from 'zod/mini';
import { anyTargetId, targetSettings } from '../policy/target.ts';
import { TIER_NAMES } from '../policy/tier-names.ts';
import { SCHEMA } from './schema.ts';

/**
 * Whom a request is about: a target's id, whose settings are in the table. Whole settings come from the rules of an
 * earlier version, which are there until the deployment has come to the target's stack.
 */
const whichTarget = z.union([anyTargetId, targetSettings]);

/**
 * What the sampler and commands send to the dispatch function; the rule sends the event alone. `alarm-event.ts` parses
 * the event.
 */
export const dispatchRequest = z.object({ schema: z.literal(SCHEMA), target: whichTarget, event: z.unknown() });

const unopened = z.object({ result: z.enum(['stale', 'ignored', 'refused']), reason: z.string() });
/**
 * `opened` and `joined` name the one incident of the target. `handled`: this event's incident is closed already, or the
 * event is about the same trouble as the named incident. `stale`: the event is old and its alarm is no longer active,
 * or a fresh sample shows that the trouble is over. `ignored`: not an alarm that went off. `refused`: not an alarm
 * event, or not one of this target; a person is notified.
 */
export const dispatchResult = z.union([
  z.object({ result: z.enum(['opened', 'joined', 'handled']), incidentId: z.string() }),
  unopened,
]);

export type DispatchResult = z.infer<typeof dispatchResult>;
/** Why an event opened no incident. */
export type Unopened = z.infer<typeof unopened>;

/** What the tick sends to the reconcile function for a target that something may be left to do for. */
export const reconcileTargetRequest = z.object({
  schema: z.literal(SCHEMA),
  target: whichTarget,
  /** Its alarms that are in ALARM; absent where the sender does not know, so that the reconciler asks. */
  active: z.optional(z.array(z.object({ alarm: z.string(), at: z.number(), reason: z.string() }))),
});

/** What the tick sends to the sample function each minute for every target. */
const sampleRequest = z.object({
  schema: z.literal(SCHEMA),
  kind: z.literal('sample'),
  target: whichTarget,
  /** How many samples this call takes, `policy.sampling.everySeconds` apart. Default: those of a minute. */
  samples: z.optional(z.int().check(z.minimum(1), z.maximum(6))),
});

/** And once a day. */
const checkRequest = z.object({ schema: z.literal(SCHEMA), kind: z.literal('check'), target: whichTarget });

/**
 * What the tick, the sampler and a deployment send to the follow function; the rule on events of RDS sends those alone.
 */
export const followRequest = z.object({ schema: z.literal(SCHEMA), target: anyTargetId });

export const samplerRequest = z.discriminatedUnion('kind', [sampleRequest, checkRequest]);

/** Input of the state machine and of Diagnose. An execution's name and input follow from the incident id alone. */
export interface WorkflowInput {
  readonly schema: number;
  readonly incidentId: string;
}

export const diagnoseRequest = z.object({ schema: z.literal(SCHEMA), incidentId: z.string() });

/** What Diagnose passes to the Choice state after it. `error` is null so that later states can always refer to it. */
export interface DiagnoseResult {
  readonly schema: number;
  readonly incidentId: string;
  readonly round: number;
  /**
   * A tier: it acts. `ask`: a person is asked first. `settle`: wait, then another round. `watch`: does relief hold?
   * `stay`: look later.
   */
  readonly next: (typeof TIER_NAMES)[number] | 'ask' | 'settle' | 'watch' | 'stay' | 'close' | 'escalate';
  /** The outcome when `next` is `close`; otherwise `escalated`. */
  readonly outcome: Outcome;
  readonly settleSeconds: number;
  readonly watchSeconds: number;
  /** After a page: until the next look; 0 when the incident is to end. */
  readonly staySeconds: number;
  /** How long a person may take to answer. */
  readonly waitSeconds: number;
  readonly error: null;
}

/** The question is on record with the round. `taskToken` wakes this execution when a person answers. */
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

/** What a tier's state adds to Diagnose's result. */
export interface ActResult {
  readonly tier: (typeof TIER_NAMES)[number];
  readonly round: number;
  /** Why the tier did nothing; null when it acted. */
  readonly held: string | null;
  readonly counts: Readonly<Record<string, number>>;
}

/** What Escalate passes to the Choice state after it. `stay`: the incident goes on, after Diagnose's `staySeconds`. */
export interface EscalateResult {
  readonly next: 'stay' | 'close';
  /** Notices that did not go out. */
  readonly undelivered: readonly string[];
}

/**
 * `done`: a person's call was carried out, which says nothing about relief. `interrupted`: whoever ran it on their
 * machine stopped it.
 */
export const OUTCOMES = ['relieved', 'not-needed', 'observed', 'escalated', 'failed', 'done', 'interrupted'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * What Step Functions passes on a Catch. The requests below accept any schema: closing must work after a deployment.
 */
const caught = z.nullable(z.object({ Error: z.optional(z.string()), Cause: z.optional(z.string()) }));
export const escalateRequest = z.object({ incidentId: z.string(), error: caught });
export const closeRequest = z.object({ incidentId: z.string(), outcome: z.enum(OUTCOMES), error: caught });
/** Of the workflow, about an incident; of the tick, about all notices that wait for the message of their minute. */
export const notifyRequest = z.union([z.object({ incidentId: z.string() }), z.object({ kind: z.literal('gathered') })]);
