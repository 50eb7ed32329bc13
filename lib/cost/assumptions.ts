import { CONTROL_FUNCTIONS } from '../house/control-names.ts';

/** A month of 730 hours. */
export const HOURS = 730;
export const MINUTES = HOURS * 60;

/**
 * What the estimate takes for granted, each with its reason. `measured` figures come from `npm run bench -- calls`: the
 * bundled functions, warm, on a server of 300 sessions with a consumer or two, on a machine that was busy with other
 * work, which makes them rather too large.
 */
export const ASSUMED = {
  /** Alarms of one target, and those that an installation has on itself; one more where people are asked. */
  alarmsPerTarget: 3,
  alarmsShared: 19,
  /** Names that one DescribeAlarms takes; the tick asks once a minute for the alarms of all targets. */
  alarmsPerLookUp: 100,

  /** Measured: milliseconds of a whole processor that a call takes; the mean of PostgreSQL and MySQL. */
  sampleCpuMs: 41,
  workerCpuMs: 14,
  /** A function of fewer megabytes gets that share of a processor. */
  megabytesOfProcessor: 1769,
  /** Waiting, in milliseconds: DynamoDB and the invocation of the worker; the statements of a sample. */
  sampleWaitMs: 60,
  workerWaitMs: 10,
  sampleMegabytes: CONTROL_FUNCTIONS.sample.memoryMegabytes,
  workerMegabytes: 1024,
  /**
   * The tick of each minute, which hands out the samples and reconciles: by itself, and for each target, whose calls
   * are that far apart.
   */
  tickMs: 300,
  tickMsPerTarget: 100,
  tickMegabytes: CONTROL_FUNCTIONS.tick.memoryMegabytes,

  /** Measured: bytes that a call writes to its log, with few metrics; what each further metric adds. */
  sampleLogBytes: 985,
  metricLogBytes: 70,
  /** Lambda's own lines of a call (start, report), as JSON. */
  platformLogBytes: 700,
  /** Three months are kept, compressed to a sixth. */
  logMonthsKept: 3,
  logCompression: 6,

  /** Units of DynamoDB. A sample is an item of 1.7 kB: two writes. A quarter of an hour likewise. */
  writesPerSample: 2,
  writesPerQuarter: 2,
  /** Reads of a call: the samples of some 15 minutes (7), pauses, warnings, settings. Of a sample: the open incident. */
  readsPerCall: 10,
  readsPerSample: 1,
  /** Reads of the tick for each target: its settings and its incident. */
  readsPerTick: 2,
  /** GB in the table: three days of samples, fifteen of quarters. */
  tableGb: 0.009,
  /** DynamoDB asks for the key of the table every five minutes for each function that uses it. */
  keyCallsPerHour: 36,
} as const;

/** What each figure is, for readers of docs/cost.md. */
export const ASSUMPTIONS: Readonly<Record<keyof typeof ASSUMED, string>> = {
  alarmsPerTarget: 'alarms of a target',
  alarmsShared: 'alarms of an installation on itself',
  alarmsPerLookUp: 'names of alarms that one DescribeAlarms takes; one is asked each minute for so many',
  sampleCpuMs: 'measured: milliseconds of a whole processor that a call of the sampler takes',
  workerCpuMs: 'measured: the same for the sample of a worker',
  megabytesOfProcessor: 'megabytes of a function for which Lambda gives a whole processor',
  sampleWaitMs: 'milliseconds that the sampler waits for DynamoDB and for Lambda to pass its request on',
  workerWaitMs: 'milliseconds that the worker waits for the database',
  sampleMegabytes: 'megabytes of the sampler',
  workerMegabytes: 'megabytes of a worker',
  tickMs: 'milliseconds of the tick of each minute, which hands out the samples and looks after incidents and alarms',
  tickMsPerTarget:
    'what the tick takes more for each target, in milliseconds: it begins their calls that far apart, or closer from 500 targets on',
  tickMegabytes: 'megabytes of the tick',
  sampleLogBytes: 'measured: bytes that a sample writes to the log, with two metrics',
  metricLogBytes: 'bytes that each further metric takes in the log, twice its name',
  platformLogBytes: 'bytes of Lambda’s own lines for each call',
  logMonthsKept: 'months that logs are kept',
  logCompression: 'CloudWatch keeps logs compressed to this part',
  writesPerSample: 'write units of a sample, an item of 1.7 kB',
  writesPerQuarter: 'write units of the sums of a quarter of an hour',
  readsPerCall: 'read units of a call of the sampler: the samples before, pauses, warnings, settings',
  readsPerSample: 'read units of a sample: whether an incident is open',
  readsPerTick: 'read units of the tick for each target: settings and incident',
  tableGb: 'GB in the table: samples of three days, sums of fifteen',
  keyCallsPerHour: 'calls of DynamoDB to the key of the table, one in five minutes for each of three functions',
};
