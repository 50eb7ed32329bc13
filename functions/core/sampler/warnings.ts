import type { Policy } from '../policy/policy.ts';
import { explainCanary, explainRefusal } from '../server/refusal.ts';
import type { EngineName } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { configuredPercent, percent } from '../words/percent.ts';
import { hasFailed } from './figures.ts';
import type { StoredSample } from './stored-sample.ts';

export type WarningName =
  'filling-up' | 'headroom-low' | 'long-queries' | 'ghost-session' | 'canary-broken' | 'no-access';

/** What a warning is about. */
interface Subject {
  readonly sample: StoredSample;
  readonly policy: Policy;
  readonly endpoint: string;
  readonly engine: EngineName;
  readonly isRds: boolean;
}

export interface WarningShape {
  /** Whether a sample shows it; null when the sample cannot. */
  readonly shows: (sample: StoredSample, policy: Policy) => boolean | null;
  /** How long all samples must show it before people are warned. */
  readonly holdMs: (policy: Policy) => number;
  /** What is wrong, and how Headroom knows. */
  readonly why: (subject: Subject) => string;
  readonly advice: (subject: Subject) => readonly string[];
}

/** Several samples, and longer than a failover takes. */
const SEVERAL_MS = 120_000;
/** Longer than the environment of a replaced worker, and with it its session, can last. */
const GHOST_MS = 600_000;

/** The levels of the runbooks, and what keeps Headroom itself from working. */
export const WARNINGS: Readonly<Record<WarningName, WarningShape>> = {
  'filling-up': {
    shows: ({ usage }, { levels }) => (usage === null ? null : usage >= levels.warnPercent),
    holdMs: ({ levels }) => 1000 * levels.warnSeconds,
    why: ({ sample, policy }) =>
      `${slots(sample)}; the warning level is ${configuredPercent(policy.levels.warnPercent)}`,
    advice: ({ policy }) => [
      'look at who holds the slots: `headroom plan` shows whose sessions would end or stay, and why',
      `Headroom opens an incident by itself at ${configuredPercent(policy.triggerPercent)}`,
    ],
  },
  'headroom-low': {
    shows: ({ usage }, { levels }) => (usage === null ? null : 100 - usage < levels.lowHeadroomPercent),
    holdMs: ({ levels }) => 1000 * levels.lowHeadroomSeconds,
    why: ({ sample, policy }) =>
      `${slots(sample)}; under ${configuredPercent(policy.levels.lowHeadroomPercent)} are free`,
    advice: () => [
      'look at who holds the slots: `headroom plan` shows whose sessions would end or stay, and why',
      'if this is honest load, make the pools smaller, put a pooler in front or raise max_connections',
    ],
  },
  'long-queries': {
    shows: ({ activity }, { levels }) => activity && activity.longQueries > levels.longQueries,
    holdMs: ({ levels }) => 1000 * levels.longQueriesSeconds,
    why: ({ sample: { activity } }) =>
      `${count(activity?.longQueries ?? 0, 'query', 'queries')} over five minutes old, ` +
      `the oldest ${minutes(activity?.longestQueryMs ?? 0)}`,
    advice: () => [
      'look at the queries that have run longest: an index or a replica may help',
      'set statement_timeout (MySQL: max_execution_time) for their user',
    ],
  },
  'ghost-session': {
    // During an incident, others than the sampler may use the login.
    shows: ({ responderSessions, inIncident }) =>
      inIncident || responderSessions === null ? null : responderSessions > 1,
    holdMs: () => GHOST_MS,
    why: ({ sample }) =>
      `the responder’s login has ${count(sample.responderSessions ?? 0, 'session')} and needs one: ` +
      'the others were left behind and take slots',
    advice: () => [
      'end the older sessions of the responder’s login manually: nothing uses them',
      'if anything else uses that login, give it a login of its own',
    ],
  },
  'canary-broken': {
    shows: ({ canary, isFull }) => (canary === null || isFull ? null : canary !== 'admitted' && canary !== 'unknown'),
    holdMs: () => SEVERAL_MS,
    why: (subject) => `${explainNoCanary(subject).why}, so relief could not be confirmed`,
    advice: (subject) => explainNoCanary(subject).advice,
  },
  'no-access': {
    shows: (sample) => (sample.result === 'busy' ? null : hasFailed(sample)),
    holdMs: () => SEVERAL_MS,
    why: (subject) => explainNoAccess(subject).why,
    advice: (subject) => explainNoAccess(subject).advice,
  },
};

/** For a worker that gives no answer at all. */
export const NO_ANSWER_FIX = 'read the worker’s log; check that the function exists and that the sampler may invoke it';

function explainNoCanary({ sample: { canary, detail }, engine }: Subject) {
  const kind = canary === null || canary === 'admitted' || canary === 'unknown' ? 'other' : canary;
  return explainCanary({ kind, code: '', message: detail }, engine);
}

function explainNoAccess({ sample, endpoint, engine, isRds }: Subject) {
  const { refused, detail, tookMs } = sample;
  if (refused !== null)
    return explainRefusal({ kind: refused, code: '', message: detail }, { endpoint, engine, isRds, waitedMs: tookMs });
  return {
    why: `the worker does not answer (${detail})`,
    advice: [NO_ANSWER_FIX],
  };
}

function slots({ usage, used, usable }: StoredSample): string {
  return used === null
    ? `usage is ${percent(usage ?? 0)}`
    : `${used} of ${usable} usable slots are taken (${percent(usage ?? 0)})`;
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`;
}
