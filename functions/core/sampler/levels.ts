import { criticalPercentOf, type Policy } from '../policy/policy.ts';
import { configuredPercent, percent } from '../words/percent.ts';
import type { StoredSample } from './stored-sample.ts';
import { WARNINGS, type WarningName } from './warnings.ts';

/** Usage that opens an incident: `trigger` after two samples in a row, `critical` at once. */
export interface Crossing {
  readonly level: 'trigger' | 'critical';
  /** The first sample of the run over the trigger, epoch milliseconds. */
  readonly since: number;
  /** The first critical sample of that run; null when none is. */
  readonly criticalSince: number | null;
  /** How long all samples right before that run were under the trigger; 0 when none was. */
  readonly wellForMs: number;
  readonly reason: string;
}

/** Something that people should know. It never leads to an act. */
export interface Warning {
  readonly name: WarningName;
  /** The first sample of the run that shows it, epoch milliseconds. */
  readonly since: number;
  readonly lastedMs: number;
  /** The last sample that shows it. */
  readonly sample: StoredSample;
}

export interface Levels {
  readonly crossing: Crossing | null;
  readonly active: readonly Warning[];
  /** Warnings that no sample has shown for CLEAR_MS. Those that are neither active nor clear stay as they were. */
  readonly clear: readonly WarningName[];
}

/** Samples further apart do not belong to one run. */
const GAP_MS = 180_000;
/** In the reason of a crossing, where a sample saw that. */
export const REFUSED_AS_FULL = 'refused as full';
/** A schedule is not exact to the second. */
const JITTER_MS = 5_000;
const CLEAR_MS = 10 * 60_000;
/** Samples in a row over the trigger that open an incident. */
const TRIGGER_SAMPLES = 2;

/** How much history the levels of a policy need, in milliseconds. */
export function historyMsOf(policy: Policy): number {
  const longest = Object.values(WARNINGS).map(({ holdMs }) => holdMs(policy));
  return Math.max(CLEAR_MS, ...longest) + GAP_MS;
}

/** Judges samples, oldest first. Pure; a sample that does not show it counts neither for nor against. */
export function judgeLevels(history: readonly StoredSample[], policy: Policy): Levels {
  const newest = history.at(-1);
  if (newest === undefined) return { crossing: null, active: [], clear: [] };
  const active: Warning[] = [];
  const clear: WarningName[] = [];
  for (const name of Object.keys(WARNINGS) as WarningName[]) {
    const { holdMs, shows } = WARNINGS[name];
    const run = runOf(history, (sample) => shows(sample, policy));
    const lastedMs = run === null ? -1 : run.last.at - run.since;
    if (run !== null && lastedMs >= holdMs(policy) - JITTER_MS) {
      active.push({ name, since: run.since, lastedMs, sample: run.last });
    } else if (isClear(history, newest.at, (sample) => shows(sample, policy))) clear.push(name);
  }
  return { crossing: findCrossing(history, newest, policy), active, clear };
}

function findCrossing(history: readonly StoredSample[], newest: StoredSample, policy: Policy): Crossing | null {
  const { triggerPercent } = policy;
  const isOver = ({ usage, isFull }: StoredSample) => (usage === null ? null : usage >= triggerPercent || isFull);
  const run = isOver(newest) === true ? runOf(history, isOver) : null;
  if (run === null) return null;
  const slots = newest.used === null ? '' : ` (${newest.used} of ${newest.usable})`;
  const usage = `usage ${percent(newest.usage ?? 0)}${slots}`;
  const { since, length } = run;
  const critical = criticalPercentOf(policy);
  const isCritical = (sample: StoredSample) => sample.isFull || (sample.usage ?? 0) >= critical;
  const criticalSince = history.find((sample) => sample.at >= since && isCritical(sample))?.at ?? null;
  const before = history.filter(({ at }) => at < since);
  const well = runOf(before, (sample) => (sample.usage === null ? null : isOver(sample) === false));
  const wellForMs = well === null ? 0 : well.last.at - well.since;
  if (isCritical(newest)) {
    const who = newest.result === 'refused' ? 'Headroom’s own login is' : 'ordinary clients are';
    const reason = newest.isFull ? `${who} ${REFUSED_AS_FULL}; ${usage}` : `${usage}, critical at ${percent(critical)}`;
    return { level: 'critical', since, criticalSince, wellForMs, reason };
  }
  if (length < TRIGGER_SAMPLES) return null;
  const reason = `${usage} in ${length} samples in a row, trigger at ${configuredPercent(triggerPercent)}`;
  return { level: 'trigger', since, criticalSince, wellForMs, reason };
}

type Shows = (sample: StoredSample) => boolean | null;

interface Run {
  readonly since: number;
  readonly last: StoredSample;
  readonly length: number;
}

/** The newest samples in a row that show something; null when the newest that can show it does not. */
function runOf(history: readonly StoredSample[], shows: Shows): Run | null {
  const run: StoredSample[] = [];
  let laterAt = history.at(-1)?.at ?? 0;
  for (const sample of history.toReversed()) {
    if (laterAt - sample.at > GAP_MS) break;
    const shown = shows(sample);
    if (shown === null) continue;
    if (!shown) break;
    run.push(sample);
    laterAt = sample.at;
  }
  const [last] = run;
  return last === undefined ? null : { since: laterAt, last, length: run.length };
}

/** Within the last ten minutes some sample shows the opposite, and none shows it. */
function isClear(history: readonly StoredSample[], now: number, shows: Shows): boolean {
  const shown = history.filter(({ at }) => now - at <= CLEAR_MS).map(shows);
  return shown.includes(false) && !shown.includes(true);
}
