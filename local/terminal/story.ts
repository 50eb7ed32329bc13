import { describeChoice } from '../../functions/core/plan/choice.ts';
import { describePause, scopeInWords } from '../../functions/core/policy/pause.ts';
import { SPARED, type SparedReason } from '../../functions/core/policy/spared.ts';
import type { Act } from '../../functions/core/record/act.ts';
import { describeFinally, type Approval } from '../../functions/core/record/approval.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { describeLimit, summariseLimits, type SettledLimit } from '../../functions/core/record/limit.ts';
import type { Round } from '../../functions/core/record/round.ts';
import { describeAdmission } from '../../functions/core/server/admission.ts';
import { count } from '../../functions/core/words/count.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { describeRound } from './narrator.ts';

/** An incident from the first alarm to closure, for a person who reads it the next morning. */
export function storyOf(
  incident: Incident,
  {
    rounds,
    acts,
    approvals,
    settledLimits,
  }: {
    readonly rounds: readonly Round[];
    readonly acts: readonly Act[];
    readonly approvals: readonly Approval[];
    readonly settledLimits: readonly SettledLimit[];
  },
): string {
  return [
    `${incident.id}: ${incident.outcome ?? 'open'}`,
    '',
    `target     ${incident.target.id} (${incident.target.engine} ${incident.serverVersion ?? 'of unknown version'}, ${incident.target.endpoint})`,
    `alarm      ${incident.alarm.alarm}, ${instant(incident.alarm.at)}: ${incident.alarm.reason}`,
    ...(incident.joinedCount > 0 ? [`           ${count(incident.joinedCount, 'more alarm')} joined`] : []),
    `opened     ${instant(incident.openedAt)}`,
    `closed     ${incident.closedAt === null ? 'not yet' : instant(incident.closedAt)}`,
    `usage      ${percent(incident.usageBefore, 'not known')} before, ${percent(incident.usagePeak, 'not known')} at most, ${percent(incident.usageAfter, 'not known')} after`,
    `times      first action ${after(incident, incident.firstActionAt)}, relief ${after(incident, incident.reliefAt)}`,
    `got in     ${incident.admission === null ? 'never' : describeAdmission(incident.admission)}`,
    `ended      ${count(incident.endedCount, 'session')}; logins seen refused: ${incident.refused}`,
    ...summariseLimits(acts, settledLimits).map((limit) => `limit      ${describeLimit(limit)}`),
    ...incident.pauses.map((pause) => `paused     ${scopeInWords(pause)}: ${describePause(pause)}`),
    ...describeEnd(incident),
    ...rounds.flatMap((round) => [
      '',
      ...describeRoundAt(round, incident, acts),
      ...approvals.filter((each) => each.round === round.round).map((each) => `  asked: ${describeFinally(each)}`),
    ]),
    '',
    ...describeSpared(incident),
    ...describeNotices(incident),
  ].join('\n');
}

function describeEnd(incident: Incident): string[] {
  const { escalation, failure, repeats, repeatedAt, acknowledgement: taken, closing } = incident;
  return [
    ...(escalation === null
      ? []
      : [`escalated  ${escalation.reason}`, ...escalation.advice.map((advice) => `           - ${advice}`)]),
    ...(escalation?.at === undefined ? [] : [`paged      ${after(incident, escalation.at)}`]),
    ...(escalation?.changedAt === undefined ? [] : [`           once more ${after(incident, escalation.changedAt)}`]),
    ...(closing === null
      ? []
      : [`close it   ${printable(closing.by)}, ${instant(closing.at)} ${printable(closing.note, 300)}`.trimEnd()]),
    ...(failure === null ? [] : [`failure    ${failure.error}: ${failure.detail}`]),
    ...(repeats === 0 ? [] : [`paged      ${count(repeats, 'more time')}, the last ${instant(repeatedAt ?? 0)}`]),
    ...(taken === null
      ? []
      : [`taken      by ${printable(taken.by)}, ${instant(taken.at)} ${printable(taken.note, 300)}`.trimEnd()]),
  ];
}

function describeRoundAt(round: Round, incident: Incident, acts: readonly Act[]): string[] {
  return [
    `round ${round.round}, ${after(incident, round.at)}`,
    ...describeRound(round).map(({ text }) => `  ${text}`),
    ...(round.choice === undefined ? [] : describeChoice(round.choice).map((line) => `  choice: ${line}`)),
    ...acts.filter((act) => act.round === round.round).flatMap(describeAct),
  ];
}

function describeAct({ tier, finishedAt, victims, limit }: Act): string[] {
  const heading = finishedAt === null ? `${tier}: began, and its end is not on record` : tier;
  return [
    `  ${heading}`,
    ...(limit === null
      ? []
      : [
          `    limit on ${printable(limit.user, 63)}: ${limit.limit}, ${limit.result ?? 'result not known'}; ${limit.reason}${limit.detail === '' ? '' : `; ${limit.detail}`}`,
        ]),
    ...victims.map(
      ({ identity, user, application, method, result, reason, detail }) =>
        `    ${identity.id} ${printable(user ?? '?')} ${printable(application) || '(no application name)'}: ${method}, ${result ?? 'result not known'}; ${reason}${detail === '' ? '' : `; ${detail}`}`,
    ),
  ];
}

function describeSpared({ spared }: Incident): string[] {
  const counts = Object.entries(spared);
  if (counts.length === 0) return [];
  return [
    'spared',
    ...counts.map(
      ([reason, count]) => `  ${String(count).padStart(5)}  ${isSparedReason(reason) ? SPARED[reason] : reason}`,
    ),
  ];
}

function isSparedReason(reason: string): reason is SparedReason {
  return reason in SPARED;
}

function describeNotices({ notices, pendingNotices, eventTrouble: trouble }: Incident): string[] {
  return [
    ...notices.map(
      ({ notice, at, delivered, gathered, error }) =>
        `notified   ${notice}, ${instant(at)}` +
        (delivered ? (gathered === true ? ', with the others of its minute' : '') : `: not delivered (${error})`),
    ),
    ...pendingNotices.map((notice) => `pending    ${notice}`),
    ...(trouble === null
      ? []
      : [
          `events     not taken by the bus since ${instant(trouble.since)}, tried last ${instant(trouble.at)}: ${printable(trouble.error, 300)}`,
        ]),
  ];
}

function instant(at: number): string {
  return new Date(at).toISOString();
}

function after({ alarm }: Incident, at: number | null): string {
  return at === null ? 'never' : `${((at - alarm.at) / 1000).toFixed(1)} s after the alarm`;
}
