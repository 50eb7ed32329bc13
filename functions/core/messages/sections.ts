import { describeCause } from '../cause/find-cause.ts';
import { describeCall } from '../plan/call.ts';
import { SPARED, type SparedReason } from '../policy/spared.ts';
import type { EndingResult } from '../protocol/worker.ts';
import { actsByTier, topConsumers, type TierSummary } from '../record/act.ts';
import { describeFinally } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';
import { describeLimit, summariseLimits } from '../record/limit.ts';
import type { FirstNotice } from '../record/notice.ts';
import { howToAcknowledge } from '../record/repeated-pages.ts';
import type { Round } from '../record/round.ts';
import { describeAdmission } from '../server/admission.ts';
import { commandFor } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { inWords, utc } from '../words/in-words.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import type { NewestLook } from '../sampler/newest-look.ts';
import { REFUSED_AS_FULL } from '../sampler/levels.ts';
import { howToStop } from './form/build.ts';
import type { Links, Section } from './message.ts';
import { clipLines, LINE_LENGTH, MAX_LINES } from './text.ts';
import { isConsumerLimited, whatToDo, type MessageDetails } from './to-do.ts';

/** How to read the report where the message has no link to it. */
export function reportLine({ id, target }: Incident, { report }: Links = {}): string[] {
  return report === undefined ? [commandFor(`incidents report ${id}`, target)] : [];
}

/** What to do comes first, then who is affected, then what happened. */
export function sectionsFor(incident: Incident, notice: FirstNotice, details: MessageDetails): Section[] {
  const { id, call } = incident;
  const shared: Section[] = [
    ['Affects', affects(incident, details.look ?? null)],
    ['Where', [whereLine(incident)]],
    ['How bad', howBad(incident, notice, details)],
    call === null ? ['Cause', causeLines(incident)] : ['Call', [describeCall(call)]],
    // A pause can come after acts: then both sections apply.
    ...(notice === 'observed' ? ([['Would do', planned(details.rounds)]] as const) : []),
    ...(notice !== 'observed' || details.acts.length > 0 ? ([['Done', done(incident, details)]] as const) : []),
    ['Asked', clipLines(details.approvals.map(describeFinally))],
    ['Spared', spared(incident, notice)],
    ['Not seen', clipLines(details.rounds.at(-1)?.unread ?? [])],
    ['Report', reportLine(incident, details.links)],
    ['Details', [commandFor(`incidents show ${id}`, incident.target)]],
    ...(call === null ? forStatusPage(incident, notice) : []),
    ['Times', times(incident, details.now)],
  ];
  const isPage = isPaging(notice);
  const toDo = whatToDo(incident, notice, details);
  return [
    ['Do', toDo.now],
    ['Later', toDo.later],
    ['Next', whatComes(incident, notice, details)],
    ['Ack', isPage ? howToAcknowledge(incident) : []],
    ...shared,
    howToStop(incident.target),
  ];
}

/** Who notices, and since when. */
export function affects(incident: Incident, look: NewestLook | null): string[] {
  const { refusal, alarm, admission, usagePeak, target } = incident;
  const whoever = 'whoever opens a new connection';
  if (refusal !== null) {
    return [
      refusal.until === null
        ? `${whoever}: refused since ${utc(refusal.from)}`
        : `${whoever} was refused from ${utc(refusal.from)} to ${utc(refusal.until)}`,
    ];
  }
  const isReported = alarm.reason.includes(REFUSED_AS_FULL);
  if (admission === null && (look?.isRefused === true || isReported))
    return [`${whoever}: refused since ${utc(isReported ? alarm.at : (look?.at ?? alarm.at))} or before`];
  if (isConsumerLimited(incident))
    return [
      `the clients of a user or database that is at a limit of its own: refused since ${utc(alarm.at)} or before`,
    ];
  const most = usagePeak ?? look?.usage ?? null;
  if (most === null)
    return [`not known yet: no client was seen refused, since the alarm at ${utc(alarm.at)} or before`];
  return most < target.policy.triggerPercent
    ? [
        `nobody since ${utc(alarm.at)}: no client was seen refused, and at most ${percent(most)} of the slots were taken`,
      ]
    : [`no client was seen refused; it fills up since ${utc(alarm.at)} or before`];
}

function isPaging(notice: FirstNotice): boolean {
  return notice === 'escalated' || notice === 'changed' || notice === 'failed';
}

/** What Headroom does after a page. */
function whatComes(
  { id, target, closedAt, escalation }: Incident,
  notice: FirstNotice,
  { approvals }: MessageDetails,
): string[] {
  const until = escalation?.staysUntil ?? null;
  if ((notice !== 'escalated' && notice !== 'changed') || closedAt !== null || until === null) return [];
  return [
    `Headroom stays until ${utc(until)}: it keeps looking, acts as soon as it may, and reports relief`,
    ...(approvals.at(-1)?.status === 'expired' ? ['acknowledge the page to be asked again'] : []),
    `to end that earlier: ${commandFor(`incidents close ${id}`, target)}`,
  ];
}

/** A sentence for the status page: for people who only noticed that something failed. None when nobody was refused. */
function forStatusPage({ refusal }: Incident, notice: FirstNotice): Section[] {
  if (refusal === null || (notice !== 'resolved' && !isPaging(notice))) return [];
  const from = utc(refusal.from).slice(11, 16);
  if (refusal.until === null) {
    const failing = 'some requests fail because a database is out of connections';
    return [['Say', [`"Since ${from} UTC ${failing}. We are working on it."`]]];
  }
  const failed = 'some requests failed because a database was out of connections';
  const lasted = inWords(Math.max(1_000, refusal.until - refusal.from));
  const now = notice === 'resolved' ? 'It has free connections again.' : 'We are working on it.';
  return [['Say', [`"From ${from} UTC, for ${lasted}, ${failed}. ${now}"`]]];
}

function howBad(
  { alarm, usageBefore, usageAfter, usagePeak, refused, admission }: Incident,
  notice: FirstNotice,
  { rounds, look = null }: MessageDetails,
): string[] {
  if (notice === 'opened' && admission === null) {
    const measured = look === null ? 'not looked at the server itself yet' : `measured ${lookWords(look)}`;
    return [printable(alarm.reason, LINE_LENGTH) || 'not measured yet', measured];
  }
  const usage = `usage ${percent(usageBefore)} at first, ${percent(usagePeak)} at most, ${percent(usageAfter)} at last`;
  const logins =
    refused === 0
      ? 'no login of Headroom’s own was refused'
      : `${count(refused, 'login')} of Headroom’s own refused as full`;
  const last = rounds.at(-1);
  const wait =
    admission !== null
      ? `Headroom got in ${describeAdmission(admission)}`
      : `Headroom never got in${last === undefined ? '' : `: ${printable(last.admission, 160)}`}`;
  const leftOut = rounds.findLast((round) => round.leftOut !== undefined)?.leftOut;
  const isNews = look !== null && isPaging(notice) && look.at > (last?.at ?? 0);
  return [
    ...(isNews ? [`now: ${lookWords(look)}`] : []),
    `${usage} (of usable slots)`,
    `${logins}; ${wait}`,
    ...(leftOut === undefined ? [] : [leftOut]),
  ];
}

/** `98% used (51 of 52), logins refused as full, at 2026-11-21 03:00:05 UTC`. */
function lookWords({ at, isRefused, usage, used, usable }: NewestLook): string {
  const slots = used === null ? '' : ` (${used} of ${usable})`;
  return `${percent(usage)} used${slots}${isRefused ? `, logins ${REFUSED_AS_FULL}` : ''}, at ${utc(at)}`;
}

/** Why the slots ran out, as far as known. */
export function causeLines({ cause, status }: Incident): string[] {
  if (cause === null) return [status === 'open' ? 'not known yet' : 'unknown'];
  return [describeCause(cause), ...clipLines(cause.evidence)];
}

function done({ cause }: Incident, { acts, settledLimits }: MessageDetails): string[] {
  if (acts.length === 0) return ['nothing was ended'];
  const consumers = topConsumers(acts, MAX_LINES);
  return [
    ...summariseLimits(acts, settledLimits).slice(0, MAX_LINES).map(describeLimit),
    ...actsByTier(acts).map(describeActs),
    ...(consumers.length > 0
      ? [`mostly of ${consumers.map(({ name, count }) => `${named(name)} (${count})`).join(', ')}`]
      : []),
    ...(cause?.name === 'connection-leak' && consumers.length > 0
      ? ['whoever leaked these may still count them as lent out, until it is restarted']
      : []),
  ];
}

/** Results in the order of the message. */
const RESULT_WORDS: Readonly<Record<EndingResult, string>> = {
  ended: 'ended',
  cancelled: 'with only the query cancelled',
  'rolling-back': 'ended, with work that is still being undone',
  gone: 'already gone',
  changed: 'left alone because of a change meanwhile',
  refused: 'refused by the server',
  'still-there': 'signalled but still there',
  'not-tried': 'not tried',
};
const RESULTS = Object.keys(RESULT_WORDS) as EndingResult[];

function describeActs({ tier, acts, results, unknown }: TierSummary): string {
  const parts = RESULTS.flatMap((result) => (results[result] ? [`${results[result]} ${RESULT_WORDS[result]}`] : []));
  if (unknown > 0) parts.push(`${unknown} possibly ended: no answer came`);
  return `${tier} (${count(acts, 'act')}): ${parts.join(', ') || 'no sessions'}`;
}

function planned(rounds: readonly Round[]): string[] {
  const plan = Object.entries(rounds.at(-1)?.planned ?? {}).filter(([, sessions]) => sessions > 0);
  if (plan.length === 0) return ['nothing: no tier may end anything'];
  return plan.slice(0, MAX_LINES).map(([tier, sessions]) => `${printable(tier)}: ${count(sessions, 'session')}`);
}

export function plannedCount(rounds: readonly Round[]): number {
  return Object.values(rounds.at(-1)?.planned ?? {}).reduce((total, count) => total + count, 0);
}

function spared(incident: Incident, notice: FirstNotice): string[] {
  const counts = Object.entries(incident.spared).sort(([, one], [, other]) => other - one);
  if (counts.length === 0) return notice === 'opened' ? [] : ['unknown'];
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return [
    `${count(total, 'session')} by the last plan:`,
    ...counts.slice(0, MAX_LINES).map(([reason, count]) => `${count}: ${sparedWords(reason)}`),
  ];
}

function sparedWords(reason: string): string {
  return Object.hasOwn(SPARED, reason) ? SPARED[reason as SparedReason] : printable(reason);
}

function times({ alarm, call, openedAt, firstActionAt, reliefAt, closedAt }: Incident, now: number): string[] {
  const since = (at: number | null, what: string) => (at === null ? [] : [`${what} ${inWords(at - alarm.at)} later`]);
  return [
    `${call === null ? 'alarm' : 'call'} ${utc(alarm.at)} (${printable(alarm.alarm, 120)})` +
      (call === null && alarm.reason !== '' ? `: ${printable(alarm.reason, 120)}` : ''),
    [
      ...since(openedAt, 'opened'),
      ...(firstActionAt === null ? ['no action'] : since(firstActionAt, 'first action')),
      ...since(reliefAt, 'relief'),
      ...(closedAt === null ? ['still open'] : since(closedAt, 'closed')),
    ].join(', '),
    `written ${utc(now)}`,
  ];
}

/** Address, server and instance. */
export function whereLine(incident: Incident): string {
  const { endpoint, instance, isRds } = incident.target;
  const which = isRds ? `, instance ${printable(instance)}` : '';
  return `${printable(endpoint, 255)} (${server(incident)}${which})`;
}

function server({ target, serverVersion }: Incident): string {
  return `${target.engine} ${serverVersion === null ? 'of unknown version' : printable(serverVersion)}`;
}
