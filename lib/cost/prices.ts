/**
 * Public list prices of AWS in us-east-1, in dollars, without free tiers and discounts. The only place that has them:
 * `headroom cost` and docs/cost.md reckon with these.
 */
export const PRICES = {
  region: 'us-east-1',
  asOf: '2026-11-29',
  /** A month each. */
  metric: 0.3,
  alarm: 0.1,
  dashboard: 3,
  key: 1,
  /** A GB, and a GB and month. */
  logGb: 0.5,
  logStoredGb: 0.03,
  tableStoredGb: 0.25,
  tableBackupGb: 0.2,
  /** A million. */
  lambdaCalls: 0.2,
  tableWrites: 0.625,
  tableReads: 0.125,
  alarmLookUps: 10,
  keyCalls: 3,
  /** A GB and second, on ARM. */
  lambdaGbSecond: 0.0000133334,
  /** An hour and subnet. */
  endpointHour: 0.01,
} as const;
