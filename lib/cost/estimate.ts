import { samplesPerMinute } from '../../functions/core/sampler/samples-per-minute.ts';
import { ASSUMED, HOURS, MINUTES } from './assumptions.ts';
import { PRICES } from './prices.ts';

/** What a target is like, as far as its cost depends on it. */
export interface TargetShape {
  readonly everySeconds: number;
  /** How many metrics it has. */
  readonly metrics: number;
  /** Subnets with an interface endpoint for Secrets Manager. */
  readonly endpointSubnets: number;
}

export interface CostShape {
  readonly targets: readonly TargetShape[];
  /** Whether some tier may ask people, which takes a page. */
  readonly asks: boolean;
  /** Whether it has a dashboard; left out where it has none. */
  readonly hasDashboard?: boolean;
}

export interface CostLine {
  readonly what: string;
  /** What is counted, in words. */
  readonly units: string;
  readonly kind: 'alarms and metrics' | 'calls and records';
  /** Dollars a month. */
  readonly dollars: number;
}

/** Targets that cost the same. */
interface TargetCost {
  readonly targets: number;
  readonly shape: TargetShape;
  /** For one of them. */
  readonly lines: readonly CostLine[];
}

export interface Estimate {
  readonly targets: readonly TargetCost[];
  /** Once for the installation. */
  readonly installation: readonly CostLine[];
  readonly totalDollars: number;
  /** The total, divided by the targets. */
  readonly perTargetDollars: number;
}

const MILLION = 1_000_000;

const DASHBOARD: CostLine = {
  what: 'dashboard',
  units: '1',
  kind: 'alarms and metrics',
  dollars: PRICES.dashboard,
};

/**
 * Dollars a month by list price, while nothing happens: an incident costs less than a cent. There must be a target.
 */
export function estimate({ targets, asks, hasDashboard = false }: CostShape): Estimate {
  const alike = Map.groupBy(targets, (shape) => JSON.stringify(shape)).values();
  const costs = [...alike].flatMap((group): TargetCost[] =>
    group.slice(0, 1).map((shape) => ({ targets: group.length, shape, lines: linesOfTarget(shape) })),
  );
  const installation = [...linesOfInstallation(targets.length, asks), ...(hasDashboard ? [DASHBOARD] : [])];
  const totalDollars = costs.reduce((sum, cost) => sum + cost.targets * sumOf(cost.lines), sumOf(installation));
  return { targets: costs, installation, totalDollars, perTargetDollars: totalDollars / targets.length };
}

export function sumOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}

function linesOfTarget(shape: TargetShape): CostLine[] {
  return [...watchingTarget(shape), ...callsOfTarget(shape)];
}

function watchingTarget({ metrics, endpointSubnets }: TargetShape): CostLine[] {
  const kind = 'alarms and metrics';
  const { alarmsPerTarget } = ASSUMED;
  const lines: CostLine[] = [
    { what: 'metrics', units: `${metrics}`, kind, dollars: metrics * PRICES.metric },
    { what: 'alarms', units: `${alarmsPerTarget}`, kind, dollars: alarmsPerTarget * PRICES.alarm },
  ];
  if (endpointSubnets > 0) {
    const dollars = endpointSubnets * HOURS * PRICES.endpointHour;
    const units = `${endpointSubnets} subnets`;
    lines.push({ what: 'interface endpoint for Secrets Manager', units, kind: 'calls and records', dollars });
  }
  return lines;
}

function callsOfTarget({ everySeconds, metrics }: TargetShape): CostLine[] {
  const kind = 'calls and records';
  const perCall = samplesPerMinute({ everySeconds });
  const samples = MINUTES * perCall;
  const workerMs = onLambda(ASSUMED.workerCpuMs, ASSUMED.workerMegabytes) + ASSUMED.workerWaitMs;
  const oneMs = onLambda(ASSUMED.sampleCpuMs, ASSUMED.sampleMegabytes) + ASSUMED.sampleWaitMs + workerMs;
  const sampleMs = oneMs + (perCall - 1) * everySeconds * 1000;
  const writes = samples * ASSUMED.writesPerSample + (MINUTES / 15) * ASSUMED.writesPerQuarter;
  const reads = MINUTES * (ASSUMED.readsPerCall + ASSUMED.readsPerTick) + samples * ASSUMED.readsPerSample;
  const logBytes =
    MINUTES * (ASSUMED.sampleLogBytes * perCall + ASSUMED.platformLogBytes) +
    samples * (ASSUMED.platformLogBytes + (metrics - 2) * ASSUMED.metricLogBytes);
  return [
    {
      what: 'Lambda, calls',
      units: millions(MINUTES + samples),
      kind,
      dollars: priceOf(MINUTES + samples, PRICES.lambdaCalls),
    },
    {
      what: 'Lambda, the sampler',
      units: `${MINUTES} × ${sampleMs.toFixed(0)} ms × ${ASSUMED.sampleMegabytes} MB`,
      kind,
      dollars: lambdaDollars(MINUTES, sampleMs, ASSUMED.sampleMegabytes),
    },
    {
      what: 'Lambda, the worker',
      units: `${samples} × ${workerMs.toFixed(0)} ms × ${ASSUMED.workerMegabytes} MB`,
      kind,
      dollars: lambdaDollars(samples, workerMs, ASSUMED.workerMegabytes),
    },
    {
      what: 'Lambda, the tick',
      units: `${MINUTES} × ${ASSUMED.tickMsPerTarget} ms × ${ASSUMED.tickMegabytes} MB`,
      kind,
      dollars: lambdaDollars(MINUTES, ASSUMED.tickMsPerTarget, ASSUMED.tickMegabytes),
    },
    { what: 'DynamoDB, writes', units: millions(writes), kind, dollars: priceOf(writes, PRICES.tableWrites) },
    { what: 'DynamoDB, reads', units: millions(reads), kind, dollars: priceOf(reads, PRICES.tableReads) },
    {
      what: 'DynamoDB, storage and its backup',
      units: `${ASSUMED.tableGb * perCall} GB`,
      kind,
      dollars: ASSUMED.tableGb * perCall * (PRICES.tableStoredGb + PRICES.tableBackupGb),
    },
    { what: 'logs', units: `${(logBytes / 1e9).toFixed(3)} GB`, kind, dollars: logDollars(logBytes) },
  ];
}

function linesOfInstallation(targets: number, asks: boolean): CostLine[] {
  const kind = 'calls and records';
  const alarms = ASSUMED.alarmsShared + (asks ? 1 : 0);
  const lookUps = MINUTES * Math.ceil((targets * ASSUMED.alarmsPerTarget) / ASSUMED.alarmsPerLookUp);
  const keyCalls = HOURS * ASSUMED.keyCallsPerHour;
  const logBytes = MINUTES * (ASSUMED.sampleLogBytes + ASSUMED.platformLogBytes);
  return [
    {
      what: 'alarms on Headroom itself',
      units: `${alarms}`,
      kind: 'alarms and metrics',
      dollars: alarms * PRICES.alarm,
    },
    { what: 'key of the notices topic', units: '1', kind, dollars: PRICES.key },
    {
      what: 'calls to the key of the table',
      units: millions(keyCalls),
      kind,
      dollars: priceOf(keyCalls, PRICES.keyCalls),
    },
    { what: 'look-ups of alarms', units: millions(lookUps), kind, dollars: priceOf(lookUps, PRICES.alarmLookUps) },
    {
      what: 'Lambda, the tick',
      units: `${MINUTES} × ${ASSUMED.tickMs} ms × ${ASSUMED.tickMegabytes} MB`,
      kind,
      dollars: priceOf(MINUTES, PRICES.lambdaCalls) + lambdaDollars(MINUTES, ASSUMED.tickMs, ASSUMED.tickMegabytes),
    },
    { what: 'logs of the tick', units: `${(logBytes / 1e9).toFixed(3)} GB`, kind, dollars: logDollars(logBytes) },
  ];
}

/** Milliseconds that work of so many milliseconds of a whole processor takes. */
function onLambda(cpuMs: number, megabytes: number): number {
  return cpuMs * Math.max(1, ASSUMED.megabytesOfProcessor / megabytes);
}

function lambdaDollars(calls: number, ms: number, megabytes: number): number {
  return calls * (ms / 1000) * (megabytes / 1024) * PRICES.lambdaGbSecond;
}

function logDollars(bytes: number): number {
  const stored = (PRICES.logStoredGb * ASSUMED.logMonthsKept) / ASSUMED.logCompression;
  return (bytes / 1e9) * (PRICES.logGb + stored);
}

function priceOf(count: number, perMillion: number): number {
  return (count / MILLION) * perMillion;
}

function millions(count: number): string {
  return `${(count / MILLION).toFixed(3)} M`;
}
