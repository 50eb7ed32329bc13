import { CAUSES, type CauseName } from './cause.ts';
import { actsByTier, topConsumers, type TierSummary } from './ended.ts';
import type { Act, Incident, Notice, Round } from './incident.ts';
import { renderSections, subjectLine, utc, type Section } from './message-text.ts';
import type { Message } from './ports.ts';
import { printable } from './printable.ts';
import { SPARED, type SparedReason } from './spared.ts';
import { inWords } from './tiers/tier.ts';
import { remediesFor } from './verdict.ts';
import { SCHEMA } from './worker-protocol.ts';

export interface MessageDetails {
  readonly acts: readonly Act[];
  readonly rounds: readonly Round[];
  /** Epoch milliseconds: how things stood then. */
  readonly now: number;
}

/** Opened at this usage, an incident is told as critical. */
const CRITICAL_PERCENT = 95;
const MAX_LINES = 6;
const LINE_LENGTH = 300;

/**
 * What a person is told, to be acted on in ten seconds: what, what to do, where, how bad, why, what was done, what is left,
 * where to look further. Whatever names and texts the incident holds, the subject is one short line of ASCII and the body
 * is bounded and has no control characters but its own line breaks. What is not known is said to be unknown.
 */
export function composeMessage(incident: Incident, notice: Notice, details: MessageDetails): Message {
  const { id, target, outcome } = incident;
  const severity = severityOf(incident, notice);
  const headline = headlineOf(incident, notice, details);
  return {
    subject: subjectLine(severity, target.id, headline),
    body: renderSections(`${target.id}: ${headline}`, sectionsFor(incident, notice, details)),
    json: jsonForm(incident, notice, details, severity),
    attributes: { severity, outcome: outcome ?? 'open', target: target.id, incidentId: id, notice },
  };
}

export interface RefusedEvent {
  /** Null when the event does not say. */
  readonly targetId: string | null;
  readonly reason: string;
  readonly alarmName: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** For an event that opened no incident: of an unknown target or alarm, or malformed. It has no incident id. */
export function composeRefusal({ targetId, reason, alarmName, at }: RefusedEvent): Message {
  const target = printable(targetId ?? 'unknown', 40);
  const alarm = alarmName === null ? 'unknown alarm' : `alarm ${printable(alarmName, 120)}`;
  const why = printable(reason, 4_000);
  const sections: Section[] = [
    ['What', [`An alarm event was refused. Nothing was looked at and nothing was ended.`]],
    ['Where', [`target ${target}, ${alarm}`]],
    ['Why', [why]],
    ['Do', ['If a database is in trouble, look at it by hand.', 'Then correct the alarm, the rule or headroom.yaml.']],
    ['Times', [`refused ${utc(at)}`]],
  ];
  return {
    subject: subjectLine('warning', target, `event of ${alarm} refused`),
    body: renderSections(`${target}: an alarm event was refused`, sections),
    json: {
      schema: SCHEMA,
      notice: 'refused',
      severity: 'warning',
      target: targetId,
      alarm: alarmName,
      reason: why,
      at,
    },
    attributes: { severity: 'warning', outcome: 'refused', target, incidentId: '', notice: 'refused' },
  };
}

function severityOf(incident: Incident, notice: Notice): Message['attributes']['severity'] {
  switch (notice) {
    case 'escalated':
    case 'failed':
      return 'critical';
    case 'opened':
      return (incident.usageBefore ?? 0) >= CRITICAL_PERCENT ? 'critical' : 'warning';
    case 'resolved':
    case 'observed':
      return 'info';
  }
}

function headlineOf(incident: Incident, notice: Notice, { rounds }: MessageDetails): string {
  const { usageBefore, usageAfter } = incident;
  switch (notice) {
    case 'opened':
      return usageBefore === null
        ? 'running out of connections'
        : `running out of connections, ${percent(usageBefore)} used`;
    case 'resolved':
      if (incident.outcome === 'not-needed') return `nothing to do, ${percent(usageAfter)} used`;
      return `relieved, ${percent(usageBefore)} -> ${percent(usageAfter)}, ${sessions(incident.endedCount)} ended`;
    case 'observed':
      return `observed only, ${percent(usageAfter ?? usageBefore)} used, ${sessions(plannedCount(rounds))} would be ended`;
    case 'escalated':
      return `needs a person: ${printable(incident.escalation?.reason ?? 'reason unknown', LINE_LENGTH)}`;
    case 'failed':
      return `Headroom failed, look by hand: ${printable(incident.failure?.error ?? 'reason unknown', 120)}`;
  }
}

/** For a page, what to do comes before what happened. */
function sectionsFor(incident: Incident, notice: Notice, details: MessageDetails): Section[] {
  const { target, id } = incident;
  const shared: Section[] = [
    ['Where', [`${printable(target.endpoint, 255)} (${server(incident)}, instance ${printable(target.instance)})`]],
    ['How bad', howBad(incident)],
    ['Cause', causeLines(incident)],
    [notice === 'observed' ? 'Would do' : 'Done', notice === 'observed' ? planned(details.rounds) : done(details.acts)],
    ['Left', left(incident)],
    ['Look', [`headroom incidents show ${id}`]],
    ['Times', times(incident, details.now)],
  ];
  return [['Do', toDo(incident, notice)], ...shared];
}

function toDo(incident: Incident, notice: Notice): string[] {
  const { escalation, failure, cause } = incident;
  switch (notice) {
    case 'opened':
      return ['Nothing yet: Headroom is looking, and will say how it ends.'];
    case 'escalated':
      return lines(escalation?.advice ?? ['Look at the server by hand.']);
    case 'failed':
      return [
        'Look at the server by hand: it may still be out of connections. The next alarm starts a new incident.',
        ...(failure?.detail ? [`Headroom stopped with: ${printable(failure.detail, LINE_LENGTH)}`] : []),
      ];
    case 'observed':
      return [
        'Decide: nothing was ended. Set mode "act" to let Headroom do it, or act by hand.',
        ...lines(remediesFor(cause?.name ?? '')),
      ];
    case 'resolved': {
      const remedies = lines(remediesFor(cause?.name ?? ''));
      if (incident.outcome === 'not-needed') return ['Nothing.'];
      return remedies.length > 0 ? ['Nothing now. So that it does not come back:', ...remedies] : ['Nothing now.'];
    }
  }
}

function howBad({ usageBefore, usageAfter, usagePeak, refused, admission }: Incident): string[] {
  const usage = `usage ${percent(usageBefore)} at first, ${percent(usagePeak)} at most, ${percent(usageAfter)} at last`;
  const logins =
    refused === 0 ? 'no login of Headroom’s own was refused' : `${refused} logins of Headroom’s own refused as full`;
  const wait =
    admission === null ? 'it never got in' : `it got in after ${inWords(admission.waitedMs)} (${admission.way})`;
  return [`${usage} (of usable slots)`, `${logins}; ${wait}`];
}

function causeLines({ cause }: Incident): string[] {
  if (cause === null) return ['unknown'];
  const words = Object.hasOwn(CAUSES, cause.name) ? CAUSES[cause.name as CauseName].words : printable(cause.name);
  return [`${words} (confidence ${percent(100 * cause.confidence)})`, ...lines(cause.evidence)];
}

function done(acts: readonly Act[]): string[] {
  if (acts.length === 0) return ['nothing was ended'];
  const consumers = topConsumers(acts, MAX_LINES);
  return [
    ...actsByTier(acts).map(describeTier),
    ...(consumers.length > 0
      ? [`most of ${consumers.map(({ name, count }) => `${printable(name)} (${count})`).join(', ')}`]
      : []),
  ];
}

function describeTier({ tier, acts, results, unknown }: TierSummary): string {
  const parts = Object.entries(results).map(([result, count]) => `${count} ${result}`);
  if (unknown > 0) parts.push(`${unknown} unknown: meant to be ended, no answer came`);
  return `${tier} (${acts} ${acts === 1 ? 'act' : 'acts'}): ${parts.join(', ') || 'nobody'}`;
}

function planned(rounds: readonly Round[]): string[] {
  const plan = Object.entries(rounds.at(-1)?.planned ?? {}).filter(([, count]) => count > 0);
  if (plan.length === 0) return ['nothing: no tier may end anything'];
  return plan.slice(0, MAX_LINES).map(([tier, count]) => `${printable(tier)}: ${sessions(count)}`);
}

function plannedCount(rounds: readonly Round[]): number {
  return Object.values(rounds.at(-1)?.planned ?? {}).reduce((total, count) => total + count, 0);
}

function left({ spared }: Incident): string[] {
  const counts = Object.entries(spared).sort(([, one], [, other]) => other - one);
  if (counts.length === 0) return ['unknown which sessions were left alone'];
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return [
    `${sessions(total)} left alone by the last plan:`,
    ...counts.slice(0, MAX_LINES).map(([reason, count]) => `${count}: ${sparedWords(reason)}`),
  ];
}

function sparedWords(reason: string): string {
  return Object.hasOwn(SPARED, reason) ? SPARED[reason as SparedReason] : printable(reason);
}

function times({ alarm, openedAt, firstActionAt, reliefAt, closedAt }: Incident, now: number): string[] {
  const since = (at: number | null, what: string) => (at === null ? [] : [`${what} ${inWords(at - alarm.at)} later`]);
  return [
    `alarm ${utc(alarm.at)} (${printable(alarm.alarm, 120)})`,
    [
      ...since(openedAt, 'opened'),
      ...(firstActionAt === null ? ['no action'] : since(firstActionAt, 'first action')),
      ...since(reliefAt, 'relief'),
      ...(closedAt === null ? ['still open'] : since(closedAt, 'closed')),
    ].join(', '),
    `written ${utc(now)}`,
  ];
}

function server({ target, serverVersion }: Incident): string {
  return `${target.engine} ${serverVersion === null ? 'of unknown version' : printable(serverVersion)}`;
}

function lines(texts: readonly string[]): string[] {
  return texts.slice(0, MAX_LINES).map((text) => printable(text, LINE_LENGTH));
}

function percent(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'unknown' : `${Math.round(value)}%`;
}

function sessions(count: number): string {
  return `${count} ${count === 1 ? 'session' : 'sessions'}`;
}

/** Field names are documented and stable. Times are epoch milliseconds, percentages of usable slots, null is unknown. */
function jsonForm(
  incident: Incident,
  notice: Notice,
  { acts, rounds, now }: MessageDetails,
  severity: string,
): Message['json'] {
  const { target, cause, escalation, failure } = incident;
  return {
    schema: SCHEMA,
    notice,
    severity,
    incidentId: incident.id,
    outcome: incident.outcome,
    target: target.id,
    engine: target.engine,
    instance: printable(target.instance),
    endpoint: printable(target.endpoint, 255),
    serverVersion: incident.serverVersion === null ? null : printable(incident.serverVersion),
    alarm: { name: printable(incident.alarm.alarm, 255), at: incident.alarm.at },
    usageBefore: incident.usageBefore,
    usageAfter: incident.usageAfter,
    usagePeak: incident.usagePeak,
    refused: incident.refused,
    cause: cause && { name: printable(cause.name), confidence: cause.confidence, evidence: lines(cause.evidence) },
    endedCount: incident.endedCount,
    acts: actsByTier(acts),
    planned: Object.fromEntries(Object.entries(rounds.at(-1)?.planned ?? {}).slice(0, 20)),
    consumers: topConsumers(acts, MAX_LINES).map(({ name, count }) => ({ name: printable(name), count })),
    rounds: incident.rounds,
    escalation: escalation && { reason: printable(escalation.reason, LINE_LENGTH), advice: lines(escalation.advice) },
    failure: failure && { error: printable(failure.error), detail: printable(failure.detail, LINE_LENGTH) },
    openedAt: incident.openedAt,
    firstActionAt: incident.firstActionAt,
    reliefAt: incident.reliefAt,
    closedAt: incident.closedAt,
    at: now,
  };
}
