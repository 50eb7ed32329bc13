import { describeCause } from '../cause/find-cause.ts';
import { describeCall } from '../plan/call.ts';
import type { CauseName } from '../policy/cause-names.ts';
import { resumeCommandFor } from '../policy/pause.ts';
import { SPARED, type SparedReason } from '../policy/spared.ts';
import type { EndingResult } from '../protocol/worker.ts';
import { actsByTier, topConsumers, type Act, type TierSummary } from '../record/act.ts';
import { describeFinally, type Approval } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';
import { describeLimit, summariseLimits, type SettledLimit } from '../record/limit.ts';
import type { FirstNotice } from '../record/notice.ts';
import { howToAcknowledge } from '../record/repeated-pages.ts';
import type { Round } from '../record/round.ts';
import { describeAdmission } from '../server/admission.ts';
import { commandFor } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import { clipLines, LINE_LENGTH, MAX_LINES, utc, type Section } from './text.ts';

/** From this usage on, clients are refused or about to be. */
export const CRITICAL_PERCENT = 95;

/** Where a message leads. */
export interface Links {
  /** The incident's report, as a page; without it the message names the command. */
  readonly report?: string;
}

/** A line for people who want to know more. */
export function reportLine({ id, target }: Incident, { report }: Links = {}): string {
  return report === undefined ? commandFor(`incidents report ${id}`, target) : report;
}

export interface MessageDetails {
  readonly acts: readonly Act[];
  readonly rounds: readonly Round[];
  /** What people were asked. */
  readonly approvals: readonly Approval[];
  /** Temporary limits that have ended. */
  readonly settledLimits: readonly SettledLimit[];
  readonly links?: Links;
  /** When the message is written, epoch milliseconds. */
  readonly now: number;
}

/** What to do comes first, then what happened. */
export function sectionsFor(incident: Incident, notice: FirstNotice, details: MessageDetails): Section[] {
  const { id, call } = incident;
  const shared: Section[] = [
    ['Where', [whereLine(incident)]],
    ['How bad', howBad(incident, notice, details.rounds)],
    call === null ? ['Cause', causeLines(incident)] : ['Call', [describeCall(call)]],
    // A pause can come after acts: then both sections apply.
    ...(notice === 'observed' ? ([['Would do', planned(details.rounds)]] as const) : []),
    ...(notice !== 'observed' || details.acts.length > 0 ? ([['Done', done(incident, details)]] as const) : []),
    ['Asked', clipLines(details.approvals.map(describeFinally))],
    ['Spared', spared(incident, notice)],
    ['Not seen', clipLines(details.rounds.at(-1)?.unread ?? [])],
    ['Report', [reportLine(incident, details.links)]],
    ['Details', [commandFor(`incidents show ${id}`, incident.target)]],
    ...(call === null ? forStatusPage(incident, notice) : []),
    ['Times', times(incident, details.now)],
  ];
  const isPage = isPaging(notice);
  return [
    ['Do', toDo(incident, notice, details)],
    ['Next', whatComes(incident, notice, details)],
    ['Ack', isPage ? howToAcknowledge(incident) : []],
    ...shared,
  ];
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

function toDo(incident: Incident, notice: FirstNotice, { acts, rounds }: MessageDetails): string[] {
  const { escalation, failure, advice } = incident;
  switch (notice) {
    case 'opened':
      return ['Nothing yet: Headroom is working on it and will report the result.'];
    case 'escalated':
    case 'changed':
      return clipLines(escalation?.advice ?? ['Check the server manually.']);
    case 'failed':
      return [
        'Check the server manually: it may still be out of connections. The next alarm starts a new incident.',
        ...(failure?.detail ? [`Headroom stopped with: ${printable(failure.detail, LINE_LENGTH)}`] : []),
      ];
    case 'observed':
      return [
        `Decide: nothing ${acts.length > 0 ? 'more ' : ''}was ended. Act manually, or let Headroom act:`,
        ...waysToAct(incident),
        ...clipLines(rounds.slice(-1).flatMap(({ byHand = [] }) => byHand)),
        ...clipLines(rounds.slice(-1).map(({ why }) => `Why not: ${printable(why, LINE_LENGTH)}`)),
        ...clipLines(advice),
      ];
    case 'done':
      return ['Nothing: a person asked for this.'];
    case 'interrupted':
      return isLeftToPeople(incident)
        ? [`Nobody works on it any more. Take it up again: ${commandFor('respond', incident.target)}`]
        : ['Nothing now.'];
    case 'resolved': {
      if (isConsumerLimited(incident)) return clipLines(advice);
      if (incident.outcome === 'not-needed') return ['Nothing.'];
      return advice.length > 0 ? ['Nothing now. To keep it from coming back:', ...clipLines(advice)] : ['Nothing now.'];
    }
  }
}

function waysToAct({ target, pauses }: Incident): string[] {
  const ways = clipLines(pauses.map((pause) => resumeCommandFor(pause, target.commands)));
  return target.mode === 'observe' || ways.length === 0 ? [...ways, 'set mode "act"'] : ways;
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

/** The server had free slots, but clients of some user or database are refused. */
export function isConsumerLimited({ outcome, cause }: Incident): boolean {
  return outcome === 'not-needed' && cause?.name === ('consumer-limit' satisfies CauseName);
}

/** Whoever interrupted it did so before relief, with the server full or not seen yet. */
export function isLeftToPeople({ reliefAt, usageAfter, target }: Incident): boolean {
  return reliefAt === null && (usageAfter === null || usageAfter >= target.policy.triggerPercent);
}

function howBad(
  { alarm, usageBefore, usageAfter, usagePeak, refused, admission }: Incident,
  notice: FirstNotice,
  rounds: readonly Round[],
): string[] {
  if (notice === 'opened' && admission === null) return [printable(alarm.reason, LINE_LENGTH) || 'not measured yet'];
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
  return [`${usage} (of usable slots)`, `${logins}; ${wait}`, ...(leftOut === undefined ? [] : [leftOut])];
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
