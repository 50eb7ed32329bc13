import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BY_HAND, TIER_NAMES } from '../../functions/core/policy/tier-names.ts';
import { OUTCOMES, type Outcome } from '../../functions/core/protocol/steps.ts';
import { FIGURES, hasFailed, type FigureName } from '../../functions/core/sampler/figures.ts';
import { SAMPLE_RESULTS, type StoredSample } from '../../functions/core/sampler/stored-sample.ts';

/** A target as its figures name it. */
export interface FiguredTarget {
  readonly id: string;
  readonly engine: string;
  readonly mode: string;
  /** In percent of usable slots. */
  readonly triggerPercent: number;
  readonly reliefPercent: number;
}

/** How an incident ended, as far as figures tell. */
interface EndedIncident {
  readonly target: string;
  readonly outcome: Outcome | null;
  /** From the alarm on; null without relief. */
  readonly reliefSeconds: number | null;
  readonly ended: readonly { readonly tier: string }[];
}

/** What the records say of a target now. */
export interface RecordedState {
  readonly target: string;
  readonly hasOpenIncident: boolean;
  readonly isPaused: boolean;
}

/**
 * The figures of watched targets as Prometheus metrics. Labels are what a configuration or Headroom itself names;
 * nothing a client chose. What can be counted is 0 from the start, so that a first event is a change.
 */
export interface WatchFigures {
  readonly contentType: string;
  observe(targetId: string, sample: StoredSample): void;
  incidentEnded(incident: EndedIncident): void;
  noticeSent(targetId: string, delivery: 'none' | 'delivered' | 'failed'): void;
  /** Reads the records, and returns the text exposition. Records that cannot be read are no figures. */
  text(readState: () => Promise<readonly RecordedState[]>): Promise<string>;
}

/** Session states are one metric with a label here, what failed is not up, and a percentage is a ratio. */
type PlainFigure = Exclude<FigureName, `Sessions${string}` | 'SampleFailed'>;

const GAUGES: Readonly<Record<PlainFigure, readonly [name: string, help: string]>> = {
  UsagePercent: [
    'headroom_usage_percent',
    'Slots taken, in percent of usable slots; 100 when refused as full. Replaced by headroom_usage_ratio.',
  ],
  UsedSlots: ['headroom_slots_used', 'Slots that clients take.'],
  UsableSlots: ['headroom_slots_usable', 'max_connections less every reserve.'],
  LongestQuerySeconds: ['headroom_longest_query_seconds', 'Age of the oldest running query.'],
  LongestTransactionSeconds: ['headroom_longest_transaction_seconds', 'Age of the oldest open transaction.'],
  LongQueries: ['headroom_long_queries', 'Queries over five minutes old.'],
  BlockedSessions: ['headroom_blocked_sessions', 'Sessions that wait for a lock.'],
  HalfOpen: ['headroom_half_open_connections', 'Connections that hold a slot without a session.'],
  ResponderSessions: ['headroom_responder_sessions', 'Sessions of the responder’s own login.'],
  Refused: ['headroom_refused_as_full', '1 when a login of Headroom was refused as full.'],
};

/** Relief is promised within three minutes. */
const RELIEF_BUCKETS = [15, 30, 60, 120, 180, 300, 600, 900];

export function createWatchFigures(targets: readonly FiguredTarget[], version: string): WatchFigures {
  const registry = new Registry();
  const metrics = metricsOn(registry);
  metrics.build.set({ version }, 1);
  for (const target of targets) introduce(target, metrics);
  /** The states shown for each target, to take back those that are gone. */
  const shownStates = new Map<string, readonly string[]>();

  const { gauges, ratio, up, resting, sampledAt, sessions, samples } = metrics;
  const { isOpen, isPaused, incidents, ended, notices, relief } = metrics;

  return {
    contentType: registry.contentType,
    observe(target, sample) {
      samples.inc({ target, result: sample.result });
      // A worker that is busy with an incident gives no figures; the last ones stay.
      if (sample.result === 'busy') return;
      up.set({ target }, hasFailed(sample) ? 0 : 1);
      resting.set({ target }, sample.result === 'resting' ? 1 : 0);
      sampledAt.set({ target }, sample.at / 1000);
      for (const [figure, one] of gauges) {
        const value = FIGURES[figure].read(sample);
        // What is not known must not look like what was.
        if (value === null) one.remove({ target });
        else one.set({ target }, value);
      }
      if (sample.usage === null) ratio.remove({ target });
      else ratio.set({ target }, sample.usage / 100);
      for (const state of shownStates.get(target) ?? []) sessions.remove({ target, state });
      for (const [state, count] of Object.entries(sample.byState)) sessions.set({ target, state }, count);
      shownStates.set(target, Object.keys(sample.byState));
    },
    incidentEnded({ target, outcome, reliefSeconds, ended: victims }) {
      incidents.inc({ target, outcome: outcome ?? 'none' });
      for (const { tier } of victims) ended.inc({ target, tier });
      if (reliefSeconds !== null) relief.observe({ target }, reliefSeconds);
    },
    noticeSent: (target, delivery) => notices.inc({ target, delivery }),
    async text(readState) {
      const states = await readState().catch(() => []);
      isOpen.reset();
      isPaused.reset();
      for (const state of states) {
        isOpen.set({ target: state.target }, state.hasOpenIncident ? 1 : 0);
        isPaused.set({ target: state.target }, state.isPaused ? 1 : 0);
      }
      return registry.metrics();
    },
  };
}

/** Every metric, on a registry. */
function metricsOn(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new Gauge({ name, help, labelNames: ['target', ...labels], registers });
  const counter = (name: string, help: string, label: string) =>
    new Counter({ name, help, labelNames: ['target', label], registers });
  const gauges = Object.entries(GAUGES).map(
    ([figure, [name, help]]) => [figure as PlainFigure, gauge(name, help)] as const,
  );
  const ratio = gauge('headroom_usage_ratio', 'Slots taken, as a share of usable slots; 1 when refused as full.');
  const up = gauge('headroom_up', '1 when the last sample showed how full the server is.');
  const resting = gauge('headroom_resting', '1 when the server pauses for want of connections and is not woken.');
  const sampledAt = gauge('headroom_last_sample_timestamp_seconds', 'When the last sample was taken.');
  const sessions = gauge('headroom_sessions', 'Sessions by state.', 'state');
  const isOpen = gauge('headroom_incident_open', '1 while an incident of the target is open.');
  const isPaused = gauge('headroom_paused', '1 while a person has paused all acts on the target.');
  const samples = counter('headroom_samples_total', 'Samples by result.', 'result');
  const incidents = counter('headroom_incidents_total', 'Incidents that ended, by outcome.', 'outcome');
  const ended = counter('headroom_sessions_ended_total', 'Sessions and queries ended in closed incidents.', 'tier');
  const notices = counter('headroom_notices_total', 'Notices by delivery.', 'delivery');
  const relief = new Histogram({
    name: 'headroom_relief_seconds',
    help: 'From the alarm to relief, of incidents that ended.',
    labelNames: ['target'],
    buckets: RELIEF_BUCKETS,
    registers,
  });
  const build = new Gauge({
    name: 'headroom_build_info',
    help: 'The version that runs.',
    labelNames: ['version'],
    registers,
  });
  const info = gauge('headroom_target_info', 'What a target is.', 'engine', 'mode');
  const trigger = gauge('headroom_trigger_ratio', 'Usage at which an incident opens.');
  const reliefLevel = gauge('headroom_relief_ratio', 'Usage at or under which there is relief.');
  const ofSamples = { gauges, ratio, up, resting, sampledAt, sessions, samples };
  return { ...ofSamples, isOpen, isPaused, incidents, ended, notices, relief, build, info, trigger, reliefLevel };
}

/** What a target is, and 0 for all that can be counted of it. */
function introduce(
  { id: target, engine, mode, triggerPercent, reliefPercent }: FiguredTarget,
  { info, trigger, reliefLevel, samples, incidents, ended, notices, relief }: ReturnType<typeof metricsOn>,
): void {
  info.set({ target, engine, mode }, 1);
  trigger.set({ target }, triggerPercent / 100);
  reliefLevel.set({ target }, reliefPercent / 100);
  for (const result of SAMPLE_RESULTS) samples.inc({ target, result }, 0);
  for (const outcome of [...OUTCOMES, 'none']) incidents.inc({ target, outcome }, 0);
  for (const tier of [...TIER_NAMES, BY_HAND]) ended.inc({ target, tier }, 0);
  for (const delivery of ['none', 'delivered', 'failed']) notices.inc({ target, delivery }, 0);
  relief.zero({ target });
}
