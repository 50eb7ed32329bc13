import { describeCause } from '../cause/find-cause.ts';
import { countEnded } from '../record/act.ts';
import { describeLimit, summariseLimits } from '../record/limit.ts';
import type { Incident } from '../record/incident.ts';
import { count } from '../words/count.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import type { OverUsual } from './over-usual.ts';
import type { IncidentRecord } from './record.ts';
import { clockOf, dayOf, lastedOf } from './times.ts';

export interface Summary {
  /** How it ended, in one line. */
  readonly headline: string;
  readonly lines: readonly string[];
}

/** The whole incident in a few sentences, for somebody who does not know Headroom. */
export function summaryOf(record: IncidentRecord, over: OverUsual): Summary {
  const { incident } = record;
  return {
    headline: headlineOf(incident),
    lines: [whatHappened(incident), ...whyItHappened(incident, over), ...whatWasDone(record), howItEnded(incident)],
  };
}

function headlineOf({ outcome, call, refusal, target }: Incident): string {
  const name = printable(target.id, 40);
  if (call !== null) return `${name}: a person ended sessions`;
  const what = refusal === null ? 'was filling up with connections' : 'ran out of connections';
  const end: Readonly<Record<string, string>> = {
    relieved: 'Headroom made room',
    'not-needed': 'it was over before anything had to be done',
    observed: 'Headroom was set to watch only',
    escalated: 'a person was needed',
    failed: 'Headroom itself failed',
    interrupted: 'the work on it was interrupted',
    done: 'done',
  };
  return `${name} ${what}; ${outcome === null ? 'the incident is still open' : (end[outcome] ?? printable(outcome))}`;
}

function whatHappened({ alarm, usageBefore, usagePeak, refusal, call, target, serverVersion }: Incident): string {
  const server = `${target.engine}${serverVersion === null ? '' : ` ${printable(serverVersion, 40)}`}`;
  const when = `On ${dayOf(alarm.at)} at ${clockOf(alarm.at)} UTC`;
  if (call !== null)
    return `${when} ${printable(call.by, 60)} asked Headroom to end sessions: ${printable(call.why, 200)}.`;
  const usage =
    usageBefore === null
      ? 'its usage could not be read at first'
      : `${percent(usageBefore)} of the connections that it can give to clients were taken, ${percent(usagePeak)} at most`;
  return `${when} an alarm said that the database server ${printable(target.id, 40)} (${server}) was filling up: ${usage}. ${refusedInWords(refusal)}`;
}

function refusedInWords(refusal: Incident['refusal']): string {
  if (refusal === null) return 'No client was seen refused.';
  const from = `From ${clockOf(refusal.from)} UTC clients were refused`;
  if (refusal.until === null) return `${from}; when they got in again was not seen.`;
  return `${from}, for about ${lastedOf(Math.max(1_000, refusal.until - refusal.from))}.`;
}

function whyItHappened({ cause }: Incident, { rows }: OverUsual): string[] {
  const grown = rows.filter(({ isOver }) => isOver).slice(0, 3);
  const who = grown.map(({ name, first, usual }) => {
    const held = first === null ? named(name, 80) : `${named(name, 80)} held ${first}`;
    return usual === null ? held : `${held} where ${usual.to} ${usual.to === 1 ? 'is' : 'are'} usual`;
  });
  return [
    cause === null ? 'Why is not known.' : `The likeliest cause: ${describeCause(cause)}.`,
    ...(who.length === 0 ? [] : [`${who.join('; ')}.`]),
  ];
}

function whatWasDone({ incident, acts, settledLimits }: IncidentRecord): string[] {
  const ended = countEnded(acts);
  const limits = summariseLimits(acts, settledLimits).slice(0, 6).map(describeLimit);
  const paused = incident.pauses.length > 0 ? ' Headroom was paused by a person.' : '';
  if (acts.length === 0) return [`Headroom ended nothing.${paused}`];
  return [
    `Headroom ended or cancelled ${count(ended, 'session')} in ${count(acts.length, 'step')}.${paused}`,
    ...limits.map((line) => `It ${line}.`),
  ];
}

function howItEnded(incident: Incident): string {
  const { reliefAt, alarm, usageAfter, closedAt, outcome, escalation } = incident;
  if (reliefAt !== null && outcome !== 'failed') {
    const watched = closedAt === null ? '' : ` Closed at ${clockOf(closedAt)} UTC.`;
    return `Room again ${lastedOf(reliefAt - alarm.at)} after the alarm, with ${percent(usageAfter)} taken.${watched}`;
  }
  if (outcome === null) return `It goes on: ${percent(usageAfter)} taken at the last look.`;
  const why = escalation === null ? '' : ` A person was paged: ${printable(escalation.reason, 300)}.`;
  return `At the last look ${percent(usageAfter)} were taken.${why}`;
}
