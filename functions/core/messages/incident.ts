import { rehearsedId } from '../rehearsal/rehearsal.ts';
import type { Incident } from '../record/incident.ts';
import { isRepeat, type FirstNotice, type Notice } from '../record/notice.ts';
import { ordinalOf } from '../record/repeated-pages.ts';
import { withCommands } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { REFUSED_AS_FULL } from '../sampler/levels.ts';
import { percent } from '../words/percent.ts';
import { printable } from '../words/printable.ts';
import { jsonForm } from './json.ts';
import type { Message } from './message.ts';
import {
  CRITICAL_PERCENT,
  isConsumerLimited,
  isLeftToPeople,
  plannedCount,
  sectionsFor,
  type MessageDetails,
} from './sections.ts';
import { LINE_LENGTH, renderWithLegend, subjectLine, subjectOf } from './text.ts';

/**
 * A notice that a person can act on in ten seconds: what, what to do, where, how bad, why, what was done, what was
 * spared, where to find details. Whatever names and texts the incident holds, the subject is one short line of ASCII,
 * and the body is bounded and has no control characters but its own line breaks. What is unknown is called unknown.
 */
export function composeMessage(incident: Incident, notice: Notice, details: MessageDetails): Message {
  const rehearsed = rehearsedId(incident.target.id);
  // Commands, and whoever sorts notices, know the target by its own id.
  return rehearsed === null
    ? compose(incident, notice, details)
    : asRehearsal(compose({ ...incident, target: { ...incident.target, id: rehearsed } }, notice, details));
}

function compose(incident: Incident, notice: Notice, details: MessageDetails): Message {
  const { id, target, outcome } = incident;
  const name = printable(target.id, 40);
  // A later page repeats the first one.
  const first = !isRepeat(notice) ? notice : outcome === 'failed' ? 'failed' : 'escalated';
  const severity = severityOf(incident, first);
  const again = isRepeat(notice) ? `${ordinalOf(notice, target.policy.escalation)}, not acknowledged: ` : '';
  const headline = again + headlineOf(incident, first, details);
  return {
    subject: subjectLine(severity, name, headline),
    body: withCommands(renderWithLegend(`${name}: ${headline}`, sectionsFor(incident, first, details)), target),
    json: jsonForm(incident, notice, details, severity),
    attributes: { severity, outcome: outcome ?? 'open', target: name, incidentId: id, notice },
  };
}

/** A notice like any other, and nobody is to get up for it. */
function asRehearsal({ subject, body, json, attributes }: Message): Message {
  return {
    subject: subjectOf(`[Headroom REHEARSAL] ${subject.replace(/^\[[^\]]*\] /, '')}`),
    body: `REHEARSAL: nothing is wrong because of this notice, and nobody is ended. It shows that notices arrive.\n\n${body}`,
    json: { ...json, rehearsal: true, severity: 'info' },
    attributes: { ...attributes, severity: 'info' },
  };
}

function severityOf(incident: Incident, notice: FirstNotice): Message['attributes']['severity'] {
  switch (notice) {
    case 'escalated':
    case 'changed':
    case 'failed':
      return 'critical';
    case 'opened':
      return (incident.usageBefore ?? 0) >= CRITICAL_PERCENT || isReportedFull(incident.alarm) ? 'critical' : 'warning';
    // The server is as full as before.
    case 'observed':
      return 'warning';
    case 'resolved':
      return isConsumerLimited(incident) ? 'warning' : 'info';
    case 'done':
      return 'info';
    case 'interrupted':
      return isLeftToPeople(incident) ? 'critical' : 'info';
  }
}

/** Only the sampler says so; CloudWatch knows no refused logins. */
function isReportedFull({ reason }: Incident['alarm']): boolean {
  return reason.includes(REFUSED_AS_FULL);
}

function describeOpening({ alarm, usageBefore }: Incident): string {
  // Its second part is the usage.
  if (isReportedFull(alarm))
    return ['OUT of connections, logins refused', ...alarm.reason.split('; ').slice(1)]
      .map((part) => printable(part))
      .join('; ');
  return usageBefore === null
    ? 'running out of connections'
    : `running out of connections, ${percent(usageBefore)} used`;
}

function headlineOf(incident: Incident, notice: FirstNotice, { acts, rounds }: MessageDetails): string {
  const { usageBefore, usageAfter } = incident;
  const fall = `${percent(usageBefore)} -> ${percent(usageAfter)}`;
  const ended = count(incident.endedCount, 'session');
  switch (notice) {
    case 'opened':
      return describeOpening(incident);
    case 'resolved':
      if (isConsumerLimited(incident))
        return `${percent(usageAfter)} used, but some clients are at a limit of their own`;
      if (incident.outcome === 'not-needed') return `nothing to do, ${percent(usageAfter)} used`;
      return `relieved${incident.escalation === null ? '' : ' after the page'}, ${fall}, ${ended} ended`;
    case 'observed': {
      const what = acts.length > 0 ? 'stopped acting' : 'observed only';
      const planned = count(plannedCount(rounds), 'session');
      return `${what}, ${percent(usageAfter ?? usageBefore)} used, ${planned} would be ended`;
    }
    case 'done':
      return `${printable(incident.call?.by ?? 'a person', 40)} ended ${ended} manually, ${fall}`;
    case 'interrupted': {
      const stopped = printable(incident.failure?.detail ?? 'interrupted', 60);
      if (incident.reliefAt !== null) return `relieved, then ${stopped}, ${fall}, ${ended} ended`;
      const used = `${stopped}, ${percent(usageAfter)} used at the last look`;
      return isLeftToPeople(incident) ? `${used}: needs a person` : used;
    }
    case 'escalated':
      return `needs a person: ${printable(incident.escalation?.reason ?? 'reason unknown', LINE_LENGTH)}`;
    case 'changed':
      return `still needs a person: ${printable(incident.escalation?.reason ?? 'reason unknown', LINE_LENGTH)}`;
    case 'failed':
      return `Headroom failed, check manually: ${printable(incident.failure?.error ?? 'reason unknown', 120)}`;
  }
}
