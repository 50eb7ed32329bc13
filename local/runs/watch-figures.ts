import { Counter, Gauge, Registry } from 'prom-client';
import type { Outcome } from '../../functions/core/protocol/steps.ts';
import { FIGURES, hasFailed, type FigureName } from '../../functions/core/sampler/figures.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';

/**
 * The figures of watched targets as Prometheus metrics. Labels: target, state, result and outcome; nothing a client
 * chose.
 */
export interface WatchFigures {
  readonly contentType: string;
  observe(targetId: string, sample: StoredSample): void;
  incidentEnded(targetId: string, outcome: Outcome | null): void;
  /** The text exposition. */
  text(): Promise<string>;
}

/** Session states are one metric with a label here, and what failed is not up. */
type PlainFigure = Exclude<FigureName, `Sessions${string}` | 'SampleFailed'>;

const GAUGES: Readonly<Record<PlainFigure, readonly [name: string, help: string]>> = {
  UsagePercent: ['headroom_usage_percent', 'Slots taken, in percent of usable slots; 100 when refused as full.'],
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

export function createWatchFigures(): WatchFigures {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['target'], registers });
  const gauges = Object.entries(GAUGES).map(
    ([figure, [name, help]]) => [figure as PlainFigure, gauge(name, help)] as const,
  );
  const up = gauge('headroom_up', '1 when the last sample showed how full the server is.');
  const sampledAt = gauge('headroom_last_sample_timestamp_seconds', 'When the last sample was taken.');
  const sessions = new Gauge({
    name: 'headroom_sessions',
    help: 'Sessions by state.',
    labelNames: ['target', 'state'],
    registers,
  });
  const samples = new Counter({
    name: 'headroom_samples_total',
    help: 'Samples by result: seen, refused, busy or failed.',
    labelNames: ['target', 'result'],
    registers,
  });
  const incidents = new Counter({
    name: 'headroom_incidents_total',
    help: 'Incidents that ended, by outcome.',
    labelNames: ['target', 'outcome'],
    registers,
  });
  /** The states shown for each target, to take back those that are gone. */
  const shownStates = new Map<string, readonly string[]>();

  return {
    contentType: registry.contentType,
    observe(target, sample) {
      samples.inc({ target, result: sample.result });
      // A worker that is busy with an incident gives no figures; the last ones stay.
      if (sample.result === 'busy') return;
      up.set({ target }, hasFailed(sample) ? 0 : 1);
      sampledAt.set({ target }, sample.at / 1000);
      for (const [figure, one] of gauges) {
        const value = FIGURES[figure].read(sample);
        // What is not known must not look like what was.
        if (value === null) one.remove({ target });
        else one.set({ target }, value);
      }
      for (const state of shownStates.get(target) ?? []) sessions.remove({ target, state });
      for (const [state, count] of Object.entries(sample.byState)) sessions.set({ target, state }, count);
      shownStates.set(target, Object.keys(sample.byState));
    },
    incidentEnded: (target, outcome) => incidents.inc({ target, outcome: outcome ?? 'none' }),
    text: () => registry.metrics(),
  };
}
