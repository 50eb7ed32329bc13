import * as z from 'zod/mini';
import type { TargetSettings } from '../policy/target.ts';
import { printable } from '../words/printable.ts';
import { sha256 } from '../words/sha256.ts';
import { BadRequest } from './errors.ts';
import { ALARM_STATE_CHANGE, nameForeignEvent } from './foreign-event.ts';
import { problemsIn } from './zod-words.ts';

type AlarmState = 'ALARM' | 'OK' | 'INSUFFICIENT_DATA';

/** A "CloudWatch Alarm State Change" event of EventBridge, checked and bounded. */
export interface AlarmEvent {
  readonly eventId: string;
  readonly alarmName: string;
  readonly alarmArn: string;
  readonly account: string;
  readonly region: string;
  readonly state: AlarmState;
  /** When the alarm changed state, epoch milliseconds. */
  readonly at: number;
  /** CloudWatch's words, on one line. */
  readonly reason: string;
  /** `metric`: one metric. `math`: an expression, over metrics or not. `composite`: a rule over other alarms. */
  readonly kind: 'metric' | 'math' | 'composite';
  /** The instances and clusters that its metrics name; none for a composite alarm and for some expressions. */
  readonly dimensions: { readonly instances: readonly string[]; readonly clusters: readonly string[] };
}

const REASON_LENGTH = 500;
/** CloudWatch's own limit. */
const ALARM_NAME_LENGTH = 255;

const shortText = (maxLength: number) => z.string().check(z.minLength(1), z.maxLength(maxLength));

const metric = z.object({
  metricStat: z.optional(z.object({ metric: z.object({ dimensions: z.optional(z.record(z.string(), z.string())) }) })),
  expression: z.optional(z.string()),
});

const stateChange = z.object({
  id: shortText(100),
  'detail-type': z.literal(ALARM_STATE_CHANGE),
  source: z.literal('aws.cloudwatch'),
  account: z.string().check(z.regex(/^\d{12}$/, 'expected an account id of 12 digits')),
  region: z.string().check(z.regex(/^[a-z]{2}[a-z0-9-]{1,30}$/, 'expected a region code')),
  resources: z
    .array(z.string().check(z.regex(/^arn:[^:]+:cloudwatch:.{1,400}$/, 'expected the ARN of an alarm')))
    .check(z.length(1)),
  detail: z.object({
    alarmName: shortText(ALARM_NAME_LENGTH),
    // `reasonData` is not read: it is optional, and JSON within the JSON.
    state: z.object({
      value: z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']),
      reason: z.optional(z.string()),
      timestamp: z.string(),
    }),
    configuration: z.object({
      metrics: z.optional(z.array(metric).check(z.minLength(1), z.maxLength(100))),
      alarmRule: z.optional(z.string()),
    }),
  }),
});

type StateChange = z.infer<typeof stateChange>;

/**
 * Reads an alarm event of one of the known shapes: single metric, expression, composite. Throws BadRequest for any
 * other; its message names what it is instead, or each wrong field, what it holds and what was expected.
 */
export function parseAlarmEvent(event: unknown): AlarmEvent {
  const parsed = stateChange.safeParse(event);
  if (!parsed.success) throw notParsed(event, parsed.error.issues);
  const { id, account, region, resources, detail } = parsed.data;
  const { alarmName, state, configuration } = detail;
  const alarmArn = resources[0] ?? '';
  const problems: string[] = [];
  if (!alarmArn.endsWith(`:alarm:${alarmName}`)) {
    problems.push(`resources.0: found ${quoted(alarmArn)}, expected the ARN of detail.alarmName ${quoted(alarmName)}`);
  }
  const at = epochMs(state.timestamp);
  if (at === null) {
    const expected = 'expected a time like 2026-11-21T03:00:00.000+0000';
    problems.push(`detail.state.timestamp: found ${quoted(state.timestamp)}, ${expected}`);
  }
  const kind = kindOf(configuration);
  if (kind === null) {
    const expected = 'expected one metric, metrics with an expression, or an alarmRule';
    problems.push(`detail.configuration: found ${printable(JSON.stringify(configuration), 120)}, ${expected}`);
  }
  if (at === null || kind === null || problems.length > 0) throw notAnAlarmEvent(problems);
  return {
    eventId: id,
    alarmName,
    alarmArn,
    account,
    region,
    state: state.value,
    at,
    reason: printable(state.reason ?? '', REASON_LENGTH),
    kind,
    dimensions: dimensionsOf(configuration),
  };
}

/** True when the event may open an incident of the target; otherwise, why not. */
export function belongsTo(event: AlarmEvent, settings: TargetSettings): true | string {
  if (!settings.alarms.includes(event.alarmName)) {
    const known = settings.alarms.map(quoted).join(', ');
    return `alarm ${quoted(event.alarmName)} is none of the alarms of target ${settings.id}: ${known}`;
  }
  const wrong = event.dimensions.instances.filter((name) => name.toLowerCase() !== settings.instance.toLowerCase());
  if (wrong.length > 0) {
    const watched = `alarm ${quoted(event.alarmName)} watches ${wrong.map(quoted).join(', ')}`;
    return `${watched}, but target ${settings.id} is instance ${quoted(settings.instance)}`;
  }
  return true;
}

/** What a name of an execution has room for beside time and digest. */
const TARGET_LENGTH = 55;

/**
 * The same event has the same incident id, however often it is delivered. The id is also the name of the execution:
 * Step Functions takes up to 80 letters, digits, dashes and underscores, and with a target id of 30 characters this has
 * 56. The id of a member is longer and cut; its alarm is its own, and so is the digest.
 */
export function incidentIdFor(targetId: string, alarmName: string, at: number): string {
  const time = new Date(at).toISOString().replace(/[-:.Z]/g, '');
  const digest = sha256(alarmName).slice(0, 6);
  return `${targetId.replace('/', '-').slice(0, TARGET_LENGTH)}-${time}-${digest}`;
}

interface AlarmMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface MadeAlarmEvent {
  readonly settings: TargetSettings;
  /** When the alarm went to ALARM, epoch milliseconds. */
  readonly at: number;
  /** When absent, the target's first alarm. */
  readonly alarmName?: string;
  readonly reason?: string;
  /** The metric that the alarm watches; when absent, RDS's count of connections. */
  readonly metric?: AlarmMetric;
  readonly account?: string;
  readonly region?: string;
}

/** The event that CloudWatch would send for a target. For the sampler, rehearsals, and `respond` without an event. */
export function makeAlarmEvent(made: MadeAlarmEvent): Readonly<Record<string, unknown>> {
  const { settings, at, account = '000000000000', region = 'us-east-1' } = made;
  const alarmName = made.alarmName ?? settings.alarms[0] ?? `${settings.id}-connections-high`;
  const metric = made.metric ?? {
    namespace: 'AWS/RDS',
    name: 'DatabaseConnections',
    dimensions: { DBInstanceIdentifier: settings.instance },
  };
  const instant = new Date(at).toISOString();
  const timestamp = instant.replace('Z', '+0000');
  return {
    version: '0',
    id: eventIdFor(alarmName, at),
    'detail-type': ALARM_STATE_CHANGE,
    source: 'aws.cloudwatch',
    account,
    time: `${instant.slice(0, 19)}Z`,
    region,
    resources: [`arn:aws:cloudwatch:${region}:${account}:alarm:${alarmName}`],
    detail: {
      alarmName,
      configuration: {
        metrics: [
          {
            id: 'connections',
            metricStat: { metric, period: 60, stat: 'Maximum' },
            returnData: true,
          },
        ],
      },
      previousState: { value: 'OK', timestamp },
      state: { value: 'ALARM', reason: made.reason ?? 'Threshold Crossed: too many connections', timestamp },
    },
  };
}

function eventIdFor(alarmName: string, at: number): string {
  const hex = sha256(`${alarmName}/${at}`);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function kindOf({ metrics, alarmRule }: StateChange['detail']['configuration']): AlarmEvent['kind'] | null {
  if (metrics === undefined) return alarmRule === undefined ? null : 'composite';
  if (alarmRule !== undefined || metrics.some((one) => isNeitherOrBoth(one))) return null;
  if (metrics.some(({ expression }) => expression !== undefined)) return 'math';
  return metrics.length === 1 ? 'metric' : null;
}

function isNeitherOrBoth({ metricStat, expression }: z.infer<typeof metric>): boolean {
  return (metricStat === undefined) === (expression === undefined);
}

function dimensionsOf({ metrics = [] }: StateChange['detail']['configuration']): AlarmEvent['dimensions'] {
  const named = (dimension: string) => [
    ...new Set(metrics.flatMap(({ metricStat }) => metricStat?.metric.dimensions?.[dimension] ?? [])),
  ];
  return { instances: named('DBInstanceIdentifier'), clusters: named('DBClusterIdentifier') };
}

/** CloudWatch writes `+0000`, and `Z` means the same. It writes no other offsets. */
function epochMs(timestamp: string): number | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|\+0000|\+00:00)$/.exec(timestamp);
  if (!match) return null;
  const at = Date.parse(`${match[1]}${match[2] ?? ''}Z`);
  return Number.isNaN(at) ? null : at;
}

function notParsed(event: unknown, issues: readonly z.core.$ZodIssue[]): BadRequest {
  const foreign = nameForeignEvent(event);
  if (foreign === null) return notAnAlarmEvent(problemsWithValues(event, issues));
  return new BadRequest(`not an alarm event but ${foreign}; expected the event "${ALARM_STATE_CHANGE}" of EventBridge`);
}

function notAnAlarmEvent(problems: readonly string[]): BadRequest {
  return new BadRequest(`not an alarm event: ${problems.slice(0, 20).join('; ')}`);
}

/** Every problem, with the value that was found there. */
function problemsWithValues(event: unknown, issues: readonly z.core.$ZodIssue[]): string[] {
  const withValues = issues.map(({ path, message }) => {
    const found = valueAt(event, path);
    const words = found === undefined ? 'nothing' : printable(JSON.stringify(found), 120);
    return { path, message: `found ${words}, ${message}` };
  });
  return problemsIn({ issues: withValues }, 'event');
}

function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    whole,
  );
}

function quoted(text: string): string {
  return `"${printable(text, 120)}"`;
}
