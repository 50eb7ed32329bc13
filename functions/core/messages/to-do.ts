import type { CauseName } from '../policy/cause-names.ts';
import { resumeCommandFor } from '../policy/pause.ts';
import type { Act } from '../record/act.ts';
import type { Approval } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';
import type { SettledLimit } from '../record/limit.ts';
import type { FirstNotice } from '../record/notice.ts';
import type { Round } from '../record/round.ts';
import type { NewestLook } from '../sampler/newest-look.ts';
import { commandFor } from '../words/commands.ts';
import { named, printable } from '../words/printable.ts';
import type { Links } from './message.ts';
import { clipLines, LINE_LENGTH, MAX_LINES } from './text.ts';

export interface MessageDetails {
  readonly acts: readonly Act[];
  readonly rounds: readonly Round[];
  /** What people were asked. */
  readonly approvals: readonly Approval[];
  /** Temporary limits that have ended. */
  readonly settledLimits: readonly SettledLimit[];
  /** What the newest sample shows; null or left out where none is new enough. */
  readonly look?: NewestLook | null;
  readonly links?: Links;
  /** When the message is written, epoch milliseconds. */
  readonly now: number;
}

/** What a person does now, and what can wait for the morning. */
interface ToDo {
  readonly now: readonly string[];
  readonly later: readonly string[];
}

/** What can be typed, or decided, at once. */
const ACT = /^choose: |: (?:npx --no headroom (?:end|respond|incidents close|resume)\b)|^run as an administrator: /;

/** Acts first, whatever their place among the advice; without one, the first advice is what there is to do. */
function sorted(advice: readonly string[]): ToDo {
  const acts = advice.filter((line) => ACT.test(line));
  const [first = []] = [acts.length > 0 ? acts : advice.slice(0, 1)];
  return { now: clipLines(first), later: clipLines(advice.filter((line) => !first.includes(line))) };
}

/** A page that is written after the last look has that look's acts, and not those of an older one. */
function pageAdvice({ escalation, target }: Incident, { rounds, look }: MessageDetails): ToDo {
  const fresh = rounds.at(-1)?.byHand;
  const advice = escalation?.advice ?? [];
  const isStale = (line: string) => fresh !== undefined && /^to end .* now: /.test(line);
  const { now, later } = sorted([...(fresh ?? []), ...advice.filter((line) => !isStale(line))]);
  const see = `see who holds what: ${commandFor('plan', target)}`;
  const lines = now.length > 0 ? now : ['Check the server manually.'];
  return { now: [...lines, ...(look ? holdersLine(look) : []), see].slice(0, MAX_LINES + 2), later };
}

/** `exporter/invoices holds 46 of 52 (12 before)`: in one line; none where it is not known. */
function holdersLine({ holders, usable }: NewestLook): string[] {
  if (holders.length === 0) return [];
  const lines = holders.map(({ name, now, before }) => {
    const usual = before === null || before === now ? '' : ` (at most ${before} in the hour before)`;
    return `${named(name, 40)} holds ${now}${usual}`;
  });
  return [`most slots${usable === null ? '' : ` of ${usable}`}: ${lines.join('; ')}`];
}

export function whatToDo(incident: Incident, notice: FirstNotice, details: MessageDetails): ToDo {
  if (notice === 'escalated' || notice === 'changed') return pageAdvice(incident, details);
  if (notice === 'resolved' && incident.outcome !== 'not-needed' && incident.advice.length > 0)
    return { now: ['Nothing now. To keep it from coming back:'], later: clipLines(incident.advice) };
  return { now: toDoNow(incident, notice, details), later: [] };
}

type Closing = Exclude<FirstNotice, 'escalated' | 'changed'>;

function toDoNow(incident: Incident, notice: Closing, { acts, rounds, look = null }: MessageDetails): string[] {
  const { failure, advice, target } = incident;
  switch (notice) {
    case 'opened':
      return [
        target.mode === 'observe'
          ? 'Get ready to act: Headroom may only look here (mode "observe"). In about a minute it says what it would do.'
          : 'Nothing yet: Headroom is working on it and will report the result within minutes.',
        ...(look === null ? [] : holdersLine(look)),
      ];
    case 'failed':
      return [
        `Check the server yourself: it may still be out of connections: ${commandFor('plan', target)}`,
        `Or let Headroom try again: ${commandFor('respond', target)}`,
        'The next alarm starts a new incident.',
        ...(failure?.detail ? [`Headroom stopped with: ${printable(failure.detail, LINE_LENGTH)}`] : []),
      ];
    case 'observed':
      return [
        `Decide: nothing ${acts.length > 0 ? 'more ' : ''}was ended. Act yourself, or let Headroom act:`,
        ...clipLines(rounds.slice(-1).flatMap(({ byHand = [] }) => byHand)),
        ...waysToAct(incident),
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
      return incident.outcome === 'not-needed' ? ['Nothing.'] : ['Nothing now.'];
    }
  }
}

function waysToAct({ target, pauses }: Incident): string[] {
  const ways = clipLines(pauses.map((pause) => resumeCommandFor(pause, target.commands)));
  return target.mode === 'observe' || ways.length === 0 ? [...ways, 'set mode "act"'] : ways;
}

/** The server had free slots, but clients of some user or database are refused. */
export function isConsumerLimited({ outcome, cause }: Incident): boolean {
  return outcome === 'not-needed' && cause?.name === ('consumer-limit' satisfies CauseName);
}

/** Whoever interrupted it did so before relief, with the server full or not seen yet. */
export function isLeftToPeople({ reliefAt, usageAfter, target }: Incident): boolean {
  return reliefAt === null && (usageAfter === null || usageAfter >= target.policy.triggerPercent);
}
