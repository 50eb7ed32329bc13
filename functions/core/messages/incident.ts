import { spanInWords, type LimitCall, type PersonsCall } from '../plan/call.ts';
import { rehearsedId } from '../rehearsal/rehearsal.ts';
import type { Incident } from '../record/incident.ts';
import { isRepeat, type FirstNotice, type Notice } from '../record/notice.ts';
import { ordinalOf } from '../record/repeated-pages.ts';
import { REFUSED_AS_FULL } from '../sampler/levels.ts';
import type { NewestLook } from '../sampler/newest-look.ts';
import { withCommands } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import { build } from './form/build.ts';
import { remarked, splitClauses } from './form/subject.ts';
import { jsonForm } from './json.ts';
import type { Message, Section } from './message.ts';
import { plannedCount, sectionsFor } from './sections.ts';
import { LINE_LENGTH } from './text.ts';
import { isConsumerLimited, isLeftToPeople, type MessageDetails } from './to-do.ts';

/** From this usage on, clients are refused or about to be. */
const CRITICAL_PERCENT = 95;

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
  // A later page is of the kind of the first one, and written anew.
  const first = !isRepeat(notice) ? notice : outcome === 'failed' ? 'failed' : 'escalated';
  const severity = severityOf(incident, first, details);
  const again = isRepeat(notice) ? [`${ordinalOf(notice, target.policy.escalation)}, not acknowledged`] : [];
  const sections = sectionsFor(incident, first, details).map(([label, lines]): Section => [
    label,
    lines.map((line) => withCommands(line, target)),
  ]);
  return build({
    target: name,
    clauses: [
      ...again,
      ...(isRepeat(notice) ? repeated(incident, first, details) : clausesOf(incident, first, details)),
    ],
    sections,
    links: details.links,
    json: jsonForm(incident, notice, details, severity),
    attributes: { severity, outcome: outcome ?? 'open', target: name, incidentId: id, notice },
  });
}

/** A notice like any other, and nobody is to get up for it. */
function asRehearsal({ subject, body, sections, json, attributes, ...rest }: Message): Message {
  const words =
    'REHEARSAL: nothing is wrong because of this notice, and nobody is ended. It shows that notices arrive.';
  return {
    ...rest,
    subject: remarked(subject, '[Headroom REHEARSAL]'),
    body: `${words}\n\n${body}`,
    sections: [['Rehearsal', [words]], ...sections],
    json: { ...json, rehearsal: true, severity: 'info' },
    attributes: { ...attributes, severity: 'info' },
  };
}

function severityOf(
  incident: Incident,
  notice: FirstNotice,
  { look = null }: MessageDetails,
): Message['attributes']['severity'] {
  switch (notice) {
    case 'escalated':
    case 'changed':
    case 'failed':
      return 'critical';
    case 'opened': {
      const usage = Math.max(incident.usageBefore ?? 0, look?.usage ?? 0);
      return usage >= CRITICAL_PERCENT || isRefused(incident, look) ? 'critical' : 'warning';
    }
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

/** By a sample, or by the sampler's own alarm; CloudWatch knows no refused logins. */
function isRefused({ alarm }: Incident, look: NewestLook | null): boolean {
  return look?.isRefused === true || alarm.reason.includes(REFUSED_AS_FULL);
}

/** What the crossing knows, without a diagnosis. */
function opening(incident: Incident, { look = null }: MessageDetails): string[] {
  const usage = look?.usage ?? incident.usageBefore;
  const slots = look === null || look.used === null ? [] : [`${look.used} of ${look.usable} slots taken`];
  const limits = incident.target.mode === 'observe' ? ['Headroom may only look'] : [];
  const [top] = look?.holders ?? [];
  const holder = top === undefined ? [] : [`${named(top.name, 30)} holds ${top.now}`];
  const rest = [...slots, ...limits, ...holder];
  if (isRefused(incident, look)) {
    const measured =
      slots.length > 0
        ? []
        : incident.alarm.reason
            .split('; ')
            .slice(1)
            .map((part) => printable(part));
    return ['OUT of connections, clients refused', ...measured, ...rest];
  }
  if (usage === null) return ['running out of connections', ...rest];
  const how = usage >= CRITICAL_PERCENT ? 'almost out of connections' : 'filling up';
  return [`${how}, ${percent(usage)} used`, ...rest];
}

/** What a page says that is sent again: how things are now, then why people were paged. */
function repeated(incident: Incident, first: FirstNotice, details: MessageDetails): string[] {
  const { look = null, rounds } = details;
  const [head = '', ...reasons] = clausesOf(incident, first, details);
  const last = rounds.at(-1);
  const isNewer = look !== null && look.at > (last?.at ?? 0);
  const usage = isNewer ? look.usage : (last?.usage ?? incident.usageAfter);
  const refused = isNewer && look.isRefused ? ['clients refused'] : [];
  const [top] = look?.holders ?? [];
  const why = last !== undefined && first === 'escalated' ? splitClauses(printable(last.why, LINE_LENGTH)) : reasons;
  return [
    head,
    ...(usage === null ? [] : [`still ${percent(usage)} used`]),
    ...refused,
    ...(top === undefined ? [] : [`${named(top.name, 30)} holds ${top.now}`]),
    // What the figures above say is not said twice.
    ...why.filter((clause) => !clause.includes('%') && !clause.includes(' holds ')),
  ];
}

/** `ann limited invoices to 20 connections for 30 min`. */
function limited({ by, user }: PersonsCall, { connections, forMs }: LimitCall): string {
  return `${printable(by, 40)} limited ${named(user ?? '?', 40)} to ${count(connections, 'connection')} for ${spanInWords(forMs)}`;
}

function clausesOf(incident: Incident, notice: FirstNotice, details: MessageDetails): string[] {
  const { acts, rounds } = details;
  const { usageBefore, usageAfter, escalation } = incident;
  const fall = `${percent(usageBefore)} -> ${percent(usageAfter)}`;
  const sessions = count(incident.endedCount, 'session');
  const ended = `${sessions} ended`;
  const reason = splitClauses(printable(escalation?.reason ?? 'reason unknown', LINE_LENGTH));
  const used = usageAfter === null ? [] : [`${percent(usageAfter)} used`];
  switch (notice) {
    case 'opened':
      return opening(incident, details);
    case 'resolved':
      if (isConsumerLimited(incident))
        return [`${percent(usageAfter)} used, but some clients are at a limit of their own`];
      if (incident.outcome === 'not-needed') return [`nothing to do, ${percent(usageAfter)} used`];
      return [`relieved${escalation === null ? '' : ' after the page'}, ${fall}, ${ended}`];
    case 'observed': {
      const what = acts.length > 0 ? 'stopped acting' : 'observed only';
      const planned = count(plannedCount(rounds), 'session');
      return [`${what}, ${percent(usageAfter ?? usageBefore)} used`, `${planned} would be ended`];
    }
    case 'done':
      if (incident.call?.limit !== undefined) return [limited(incident.call, incident.call.limit), ...used];
      return [`${printable(incident.call?.by ?? 'a person', 40)} ended ${sessions} manually`, fall];
    case 'interrupted': {
      const stopped = printable(incident.failure?.detail ?? 'interrupted', 60);
      if (incident.reliefAt !== null) return [`relieved, then ${stopped}`, fall, ended];
      const last = `${percent(usageAfter)} used at the last look`;
      return isLeftToPeople(incident) ? ['needs a person', stopped, last] : [stopped, last];
    }
    case 'escalated':
      return ['needs a person', ...reason, ...(reason.some((clause) => clause.includes('%')) ? [] : used)];
    case 'changed':
      return ['still needs a person', ...reason, ...(reason.some((clause) => clause.includes('%')) ? [] : used)];
    case 'failed':
      return ['Headroom failed, check manually', printable(incident.failure?.error ?? 'reason unknown', 120), ...used];
  }
}
