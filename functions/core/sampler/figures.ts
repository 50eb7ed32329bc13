import type { MetricsSetting } from '../policy/policy.ts';
import type { StoredSample } from './stored-sample.ts';

type FigureUnit = 'Percent' | 'Count' | 'Seconds';

interface FigureShape {
  readonly unit: FigureUnit;
  /** Null when the sample does not have it. */
  readonly read: (sample: StoredSample) => number | null;
}

/**
 * The figures of a target, by the names of their metrics. Each costs money in CloudWatch: add only what people need.
 */
export const FIGURES = {
  UsagePercent: { unit: 'Percent', read: ({ usage }) => usage },
  UsedSlots: { unit: 'Count', read: ({ used }) => used },
  UsableSlots: { unit: 'Count', read: ({ usable }) => usable },
  SessionsActive: { unit: 'Count', read: (sample) => sessionsIn(sample, ['active']) },
  SessionsIdle: { unit: 'Count', read: (sample) => sessionsIn(sample, ['idle']) },
  SessionsIdleInTransaction: {
    unit: 'Count',
    read: (sample) => sessionsIn(sample, ['idle-in-transaction', 'idle-in-transaction-aborted']),
  },
  // Without a query this is 0 s: a gap would keep the last long query in a graph.
  LongestQuerySeconds: { unit: 'Seconds', read: ({ activity }) => activity && (activity.longestQueryMs ?? 0) / 1000 },
  LongestTransactionSeconds: {
    unit: 'Seconds',
    read: ({ activity }) => activity && (activity.longestTransactionMs ?? 0) / 1000,
  },
  LongQueries: { unit: 'Count', read: ({ activity }) => activity && activity.longQueries },
  BlockedSessions: { unit: 'Count', read: ({ activity }) => activity && activity.blocked },
  HalfOpen: { unit: 'Count', read: ({ halfOpen }) => halfOpen },
  ResponderSessions: { unit: 'Count', read: ({ responderSessions }) => responderSessions },
  Refused: { unit: 'Count', read: ({ result, isFull }) => (result === 'busy' ? null : Number(isFull)) },
  SampleFailed: { unit: 'Count', read: (sample) => (sample.result === 'busy' ? null : Number(hasFailed(sample))) },
} as const satisfies Readonly<Record<string, FigureShape>>;

export type FigureName = keyof typeof FIGURES;

/**
 * The metrics of a target that did not ask for all. Alarms need the first, by its value and by its absence. The second
 * tells what the first cannot: whether clients are refused, which a server can do below 100 % and need not do at it.
 * There is one for every sample, also of a worker that does not get in, so the two together tell a sampler that has
 * stopped from one that sees nothing.
 */
const FEW: readonly FigureName[] = ['UsagePercent', 'Refused'];

export function metricNamesOf(setting: MetricsSetting): readonly FigureName[] {
  return setting === 'few' ? FEW : (Object.keys(FIGURES) as FigureName[]);
}

/** The figures of a sample, by metric. A worker that was busy gives none: it did not even fail. */
export function figuresOf(sample: StoredSample, setting: MetricsSetting): ReadonlyMap<FigureName, number> {
  const figures = new Map<FigureName, number>();
  for (const name of metricNamesOf(setting)) {
    const value = FIGURES[name].read(sample);
    if (value !== null) figures.set(name, value);
  }
  return figures;
}

/** Whether the sample does not show how full the server is. A login refused as full does show it. */
export function hasFailed({ result, isFull }: StoredSample): boolean {
  return result === 'failed' || (result === 'refused' && !isFull);
}

function sessionsIn({ result, byState }: StoredSample, states: readonly string[]): number | null {
  return result === 'seen' ? states.reduce((sum, state) => sum + (byState[state] ?? 0), 0) : null;
}
