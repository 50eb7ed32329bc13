import type { TargetSettings } from '../policy/target.ts';
import { actsByTier, type TierSummary } from '../record/act.ts';
import type { Change, ChangeDetails } from './changes.ts';
import type { Incident } from '../record/incident.ts';
import { commandFor } from '../words/commands.ts';
import { jsonText } from '../words/json-text.ts';
import { printable } from '../words/printable.ts';
import { LINE_LENGTH } from '../messages/text.ts';

/** Grows when a field goes or changes its meaning; a new field does not change it. */
export const EVENT_VERSION = 1;
export const EVENT_SOURCE = 'headroom';
export const EVENT_DETAIL_TYPE = 'Headroom Incident Change';

/** The installation that tells of an incident. */
export interface EventOrigin {
  /** The prefix of its names. */
  readonly installation: string;
  /** The workflow, whose executions are named after incidents. */
  readonly stateMachineArn: string;
}

/** An event, ready to be put on a bus. */
export interface IncidentEvent {
  /** The id of the change within its incident. */
  readonly changeId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly source: typeof EVENT_SOURCE;
  readonly detailType: typeof EVENT_DETAIL_TYPE;
  /** ARNs that the event is about. */
  readonly resources: readonly string[];
  /** JSON of an `IncidentEventDetail`. */
  readonly detail: string;
}

/**
 * Field names are documented and stable. Times are epoch milliseconds, percentages of usable slots; null is unknown, or
 * not so. The figures are those of the record when the event was made: `madeAt`.
 */
export interface IncidentEventDetail {
  readonly version: typeof EVENT_VERSION;
  readonly id: string;
  readonly change: Change['kind'];
  readonly at: number;
  readonly madeAt: number;
  readonly installation: string;
  readonly account: string;
  readonly region: string;
  readonly incidentId: string;
  readonly target: string;
  readonly engine: TargetSettings['engine'];
  readonly instance: string;
  readonly status: Incident['status'];
  readonly outcome: Incident['outcome'];
  readonly alarm: { readonly name: string; readonly at: number };
  readonly openedAt: number;
  readonly firstActionAt: number | null;
  readonly reliefAt: number | null;
  readonly closedAt: number | null;
  readonly rebounds: number;
  readonly rounds: number;
  readonly usageBefore: number | null;
  readonly usagePeak: number | null;
  readonly usageAfter: number | null;
  readonly refused: number;
  readonly cause: { readonly name: string; readonly confidence: number } | null;
  readonly endedCount: number;
  readonly acts: readonly TierSummary[];
  readonly act: { readonly round: number; readonly tier: string; readonly sessions: number } | null;
  readonly question: {
    readonly round: number;
    readonly tier: string;
    readonly sessions: number;
    readonly expiresAt: number;
  } | null;
  readonly escalation: { readonly reason: string } | null;
  readonly failure: { readonly error: string } | null;
  readonly acknowledgement: { readonly by: string; readonly at: number; readonly note: string } | null;
  readonly links: { readonly show: string; readonly execution: string | null };
}

/**
 * The event about one change of an incident. Every text in it is bounded and safe to print, as in notices; it has no
 * statement and no evidence, which may quote names at length, and never the secret of a question's link.
 */
export function composeEvent(
  incident: Incident,
  change: Change,
  { acts, origin, now }: Pick<ChangeDetails, 'acts'> & { readonly origin: EventOrigin; readonly now: number },
): IncidentEvent {
  // A manual end has no workflow.
  const execution = incident.call === null ? executionArn(origin, incident.id) : null;
  const [, , , region = '', account = ''] = origin.stateMachineArn.split(':');
  const detail: IncidentEventDetail = {
    ...factsOf(incident, acts),
    id: `${incident.id}/${change.id}`,
    change: change.kind,
    at: change.at,
    madeAt: now,
    installation: origin.installation,
    account,
    region,
    act: change.act ? { round: change.act.round, tier: change.act.tier, sessions: change.act.victims.length } : null,
    question: change.question ? questionOf(change.question) : null,
    links: {
      show: commandFor(`incidents show ${incident.id}`, incident.target),
      execution: execution && consoleUrl(execution),
    },
  };
  return {
    changeId: change.id,
    at: change.at,
    source: EVENT_SOURCE,
    detailType: EVENT_DETAIL_TYPE,
    resources: execution === null ? [] : [execution],
    detail: jsonText(detail),
  };
}

function factsOf(incident: Incident, acts: ChangeDetails['acts']) {
  const { target, alarm, cause, escalation, failure, acknowledgement } = incident;
  return {
    version: EVENT_VERSION,
    incidentId: incident.id,
    target: target.id,
    engine: target.engine,
    instance: printable(target.instance),
    status: incident.status,
    outcome: incident.outcome,
    alarm: { name: printable(alarm.alarm, 255), at: alarm.at },
    openedAt: incident.openedAt,
    firstActionAt: incident.firstActionAt,
    reliefAt: incident.reliefAt,
    closedAt: incident.closedAt,
    rebounds: incident.rebounds,
    rounds: incident.rounds,
    usageBefore: incident.usageBefore,
    usagePeak: incident.usagePeak,
    usageAfter: incident.usageAfter,
    refused: incident.refused,
    cause: cause && { name: printable(cause.name), confidence: cause.confidence },
    endedCount: incident.endedCount,
    acts: actsByTier(acts),
    escalation: escalation && { reason: printable(escalation.reason, LINE_LENGTH) },
    failure: failure && { error: printable(failure.error, 120) },
    acknowledgement: acknowledgement && {
      by: printable(acknowledgement.by),
      at: acknowledgement.at,
      note: printable(acknowledgement.note, LINE_LENGTH),
    },
  } as const;
}

function questionOf({ round, plan, expiresAt }: NonNullable<Change['question']>) {
  return { round, tier: plan.tier, sessions: plan.sessions, expiresAt };
}

function executionArn({ stateMachineArn }: EventOrigin, incidentId: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${incidentId}`;
}

const CONSOLES: Readonly<Record<string, string>> = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

function consoleUrl(arn: string): string {
  const [, partition = '', , region = ''] = arn.split(':');
  const host = CONSOLES[partition] ?? 'console.aws.amazon.com';
  return `https://${host}/states/home?region=${region}#/v2/executions/details/${arn}`;
}
