import { describeFinally, type Approval } from '../record/approval.ts';
import { actsByTier, countEnded, type Act } from '../record/act.ts';
import type { Incident } from '../record/incident.ts';
import type { NoticeAttempt } from '../record/notice.ts';
import type { Round } from '../record/round.ts';
import { count } from '../words/count.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import type { IncidentRecord } from './record.ts';
import type { SlotsOverTime } from './slots.ts';
import { lastedOf } from './times.ts';
import { tierWords } from './words.ts';

/** Something that happened. `act`: Headroom changed something. `people`: a person was told, asked, or answered. */
export interface TimelineEntry {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: 'sign' | 'step' | 'act' | 'people' | 'end';
  readonly words: string;
}

/** How long a stage took. `ms` null: it was not reached, or is not known. */
export interface Duration {
  readonly name: 'detected' | 'in' | 'first act' | 'relief' | 'held';
  readonly ms: number | null;
  /** From what to what. */
  readonly words: string;
}

/** The stages of an incident. All but the first and the last count from the alarm. */
export function durationsOf({ incident, rounds }: IncidentRecord, slots: SlotsOverTime): Duration[] {
  const { alarm, firstActionAt, reliefAt, closedAt, outcome } = incident;
  const since = (at: number | null | undefined, from: number) => (at == null ? null : Math.max(0, at - from));
  const sign = firstSign(slots, alarm.at);
  const look = rounds.find(({ used }) => used !== null)?.at;
  const held = reliefAt !== null && outcome === 'relieved' ? since(closedAt, reliefAt) : null;
  return [
    { name: 'detected', ms: sign === null ? null : alarm.at - sign, words: 'from the first sign to the alarm' },
    { name: 'in', ms: since(look, alarm.at), words: 'from the alarm until Headroom had seen all sessions' },
    { name: 'first act', ms: since(firstActionAt, alarm.at), words: 'from the alarm to the first change' },
    { name: 'relief', ms: since(reliefAt, alarm.at), words: 'from the alarm until the server had room again' },
    { name: 'held', ms: held, words: 'how long the relief was watched, and held' },
  ];
}

/** When samples first showed the trouble that the alarm is about: full, or at the trigger, without a break. */
function firstSign({ moments, triggerPercent, refused }: SlotsOverTime, alarmAt: number): number | null {
  let first: number | null = null;
  for (const { at, used, usable, isFull } of moments) {
    if (at > alarmAt) break;
    const isOver = isFull || (usable !== null && (100 * used) / usable >= triggerPercent);
    first = isOver ? (first ?? at) : null;
  }
  const signs = [first, refused?.from ?? null].filter((at) => at !== null && at <= alarmAt);
  return signs.length === 0 ? null : Math.min(...signs.map(Number));
}

/** All that happened, in its order. */
export function timelineOf(record: IncidentRecord, slots: SlotsOverTime): TimelineEntry[] {
  const entries = [
    ...signs(record.incident, slots),
    ...looks(record.rounds),
    ...record.acts.flatMap(actEntries),
    ...record.approvals.flatMap(questions),
    ...people(record.incident),
    ...ends(record.incident),
  ];
  return entries.sort((a, b) => a.at - b.at);
}

function signs(
  { alarm, call, openedAt, refusal, joined, joinedCount }: Incident,
  slots: SlotsOverTime,
): TimelineEntry[] {
  const reason = printable(alarm.reason, 200);
  const sign = firstSign(slots, alarm.at);
  const entry = (at: number, words: string): TimelineEntry => ({ at, kind: 'sign', words });
  return [
    ...(sign === null || sign === alarm.at ? [] : [entry(sign, `first sample at or over ${slots.triggerPercent}%`)]),
    ...(refusal === null ? [] : [entry(refusal.from, 'clients were seen refused for the first time')]),
    ...(refusal?.until == null ? [] : [entry(refusal.until, 'an ordinary client got in again')]),
    entry(
      alarm.at,
      call === null
        ? `alarm ${named(alarm.alarm, 120)}${reason === '' ? '' : `: ${reason}`}`
        : `a person asked Headroom to end sessions: ${printable(call.by, 60)}`,
    ),
    { at: openedAt, kind: 'step', words: 'incident opened' },
    ...joined.slice(0, 5).map(({ at, alarm: name }) => entry(at, `another alarm joined: ${named(name, 120)}`)),
    ...(joinedCount > 5 ? [entry(joined.at(-1)?.at ?? openedAt, `${joinedCount - 5} more alarms joined`)] : []),
  ];
}

/** A look that saw no more than the one before is left out. */
function looks(rounds: readonly Round[]): TimelineEntry[] {
  return rounds.flatMap((round, index): TimelineEntry[] => {
    const before = rounds[index - 1];
    const isNews = before === undefined || before.next !== round.next || before.used !== round.used;
    if (!isNews) return [];
    const seen =
      round.used === null
        ? `look ${round.round}: could not get in, ${printable(round.admission, 160)}`
        : `look ${round.round}: ${round.used} of ${round.usable} slots taken (${percent(round.usage)}), ` +
          `an ordinary client: ${printable(round.canary, 80)}`;
    return [{ at: round.at, kind: 'step', words: seen }];
  });
}

function actEntries(act: Act): TimelineEntry[] {
  const { limit, startedAt, finishedAt, victims, tier } = act;
  const [summary] = actsByTier([act]);
  const unknown = summary?.unknown ?? 0;
  const ended = countEnded([act]);
  const done = [
    ...(limit === null ? [] : [`limit of ${limit.limit} for ${named(limit.user, 63)}: ${limit.result ?? 'not known'}`]),
    ...(victims.length === 0 ? [] : [`${ended} of ${count(victims.length, 'session')} ended or cancelled`]),
    ...(unknown > 0 ? [`${unknown} without an answer`] : []),
  ];
  const took = finishedAt === null ? '' : ` (${lastedOf(finishedAt - startedAt)})`;
  return [{ at: startedAt, kind: 'act', words: `${tierWords(tier)}: ${done.join(', ') || 'nothing to do'}${took}` }];
}

function questions(approval: Approval): TimelineEntry[] {
  const { askedAt, endedAt } = approval;
  return [
    { at: askedAt, kind: 'people', words: `a person was asked whether Headroom may: ${approval.plan.tier}` },
    ...(endedAt === null ? [] : [{ at: endedAt, kind: 'people', words: describeFinally(approval) } as const]),
  ];
}

function people({ escalation, notices, acknowledgement, closing }: Incident): TimelineEntry[] {
  const person = (at: number, words: string): TimelineEntry => ({ at, kind: 'people', words });
  return [
    ...(escalation?.at === undefined
      ? []
      : [person(escalation.at, `a person was needed: ${printable(escalation.reason, 200)}`)]),
    ...notices.map((attempt) => person(attempt.at, `notice "${attempt.notice}" ${whatCameOf(attempt)}`)),
    ...(acknowledgement === null
      ? []
      : [person(acknowledgement.at, `${printable(acknowledgement.by, 60)} took it on${noteOf(acknowledgement.note)}`)]),
    ...(closing === null
      ? []
      : [person(closing.at, `${printable(closing.by, 60)} asked to close it${noteOf(closing.note)}`)]),
  ];
}

function whatCameOf({ delivered, gathered, error }: NoticeAttempt): string {
  if (!delivered) return `NOT sent: ${printable(error, 120)}`;
  return gathered === true ? 'told with the others of its minute' : 'sent';
}

function noteOf(note: string): string {
  return note === '' ? '' : `: ${printable(note, 200)}`;
}

function ends({ reliefAt, closedAt, failure, rebounds }: Incident): TimelineEntry[] {
  const again = rebounds === 0 ? '' : `, after it had come back ${count(rebounds, 'time')}`;
  return [
    ...(reliefAt === null ? [] : [{ at: reliefAt, kind: 'end', words: `relief confirmed${again}` } as const]),
    ...(closedAt === null ? [] : [{ at: closedAt, kind: 'end', words: `closed${failedWith(failure)}` } as const]),
  ];
}

function failedWith(failure: Incident['failure']): string {
  return failure === null ? '' : `: ${printable(failure.error, 80)}, ${printable(failure.detail, 200)}`;
}
