import type { SampleAnswer } from '../protocol/worker.ts';
import type { Consumers } from '../server/consumer-count.ts';
import {
  isRefusedAsFull,
  slotsTaken,
  usagePercent,
  type Activity,
  type Admission,
  type RefusalKind,
  type Sample,
} from '../server/snapshot.ts';
import { printable } from '../words/printable.ts';

/**
 * The result of a sample. `seen`: the worker took it. `refused`: the database did not let the worker in. `busy`: the
 * worker was busy with an incident or another sample; nothing is wrong. `failed`: the worker itself did not answer.
 * `resting`: the server pauses without connections and has none, by the metric of RDS, so it was not woken.
 */
export const SAMPLE_RESULTS = ['seen', 'refused', 'busy', 'failed', 'resting'] as const;
type SampleResult = (typeof SAMPLE_RESULTS)[number];

/** A sample as it is stored. Unknown figures are null. */
export interface StoredSample {
  /** When it was requested, epoch milliseconds. */
  readonly at: number;
  readonly tookMs: number;
  readonly result: SampleResult;
  /** An incident of the target was open. */
  readonly inIncident: boolean;
  /**
   * Nothing to learn from: usage was at the trigger, or a person had paused all that Headroom does on the target. Left
   * out when there is.
   */
  readonly isUnusual?: boolean;
  /** `resting`: since when nobody has been connected, epoch milliseconds. Left out otherwise. */
  readonly restingSince?: number;
  /** The canary, or the responder itself, was refused for lack of a slot. */
  readonly isFull: boolean;
  /** Percent of usable slots; 100 when the responder was refused as full. */
  readonly usage: number | null;
  readonly used: number | null;
  readonly usable: number | null;
  /** Sessions by state, without the worker's own; empty when they were not seen. */
  readonly byState: Readonly<Record<string, number>>;
  readonly activity: Activity | null;
  /** Who held the slots, without Headroom itself; null when it was not seen, or not kept yet. */
  readonly consumers: Consumers | null;
  readonly halfOpen: number | null;
  readonly responderSessions: number | null;
  /** Why the responder was not let in; null when it was. */
  readonly refused: RefusalKind | null;
  /** The canary's result: let in, not configured, or why it was refused; null when it was not tried. */
  readonly canary: 'admitted' | 'unknown' | RefusalKind | null;
  readonly admission: Admission['way'] | null;
  /** The words of the server, the driver or the worker when something was wrong, without secrets; otherwise empty. */
  readonly detail: string;
}

/** When a sample was taken, how long it took, and whether an incident was open. */
export type Taking = Pick<StoredSample, 'at' | 'tookMs' | 'inIncident'>;

const DETAIL_LENGTH = 200;
const MOST_STATES = 12;

const NOT_SEEN = {
  isFull: false,
  usage: null,
  used: null,
  usable: null,
  byState: {},
  activity: null,
  consumers: null,
  halfOpen: null,
  responderSessions: null,
  refused: null,
  canary: null,
  admission: null,
  detail: '',
} as const satisfies Partial<StoredSample>;

/** The worker's answer as it is stored. A login refused as full counts as 100% usage. */
export function storeAnswer(answer: SampleAnswer, taking: Taking): StoredSample {
  if (answer.ok) return storeSample(answer.sample, answer.admission, taking);
  const { kind, message } = answer.refusal;
  const refused = { ...NOT_SEEN, ...taking, result: 'refused', refused: kind, detail: clip(message) } as const;
  return kind === 'full' ? { ...refused, isFull: true, usage: 100 } : refused;
}

/** What is stored when the worker did not answer. */
export function storeNoAnswer(result: 'busy' | 'failed', why: string, taking: Taking): StoredSample {
  return { ...NOT_SEEN, ...taking, result, detail: clip(why) };
}

/** What is stored of a server that rests: nobody is connected. */
export function storeRest(restingSince: number, taking: Taking): StoredSample {
  return { ...NOT_SEEN, ...taking, result: 'resting', restingSince, usage: 0, used: 0 };
}

function storeSample(sample: Sample, { way }: Admission, taking: Taking): StoredSample {
  const { canary } = sample;
  // A worker of the version before sends none.
  const { consumers = null } = sample as Partial<Sample>;
  return {
    ...taking,
    result: 'seen',
    isFull: isRefusedAsFull(canary),
    usage: usagePercent(sample),
    used: slotsTaken(sample),
    usable: sample.limits.usable,
    byState: withoutOwn(sample),
    activity: sample.activity,
    consumers,
    halfOpen: sample.halfOpen.count,
    responderSessions: sample.responderSessions,
    refused: null,
    canary: canary.result === 'refused' ? canary.refusal.kind : canary.result,
    admission: way,
    detail: canary.result === 'refused' ? clip(canary.refusal.message) : '',
  };
}

/** Without the worker's own session, which is active while it takes the sample. */
function withoutOwn({ byState, ownSlots }: Sample): StoredSample['byState'] {
  const { active = 0, ...others } = byState;
  const bounded = Object.entries(others).slice(0, MOST_STATES);
  return { active: Math.max(0, active - ownSlots), ...Object.fromEntries(bounded) };
}

function clip(text: string): string {
  return printable(text, DETAIL_LENGTH);
}
