import { describeWait } from '../../functions/core/server/admission.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { percent } from '../../functions/core/words/percent.ts';
import type { Line } from '../../local/terminal/narrator.ts';
import { paint, print, say } from '../../local/terminal/output.ts';
import { clock, printLine } from '../../local/terminal/progress-lines.ts';
import { tableOf } from '../../local/terminal/table.ts';
import { wrapped } from '../../local/terminal/wrap.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { UsageReading } from '../target/usage-watch.ts';
import type { DrillResult } from './drill-result.ts';

const BAR_WIDTH = 32;
/** A reading that differs from the last one shown by less than this is shown only now and then. */
const NOTABLE_SLOTS = 3;
const QUIET_MS = 2_000;

interface Reporter {
  readonly onLine: (line: Line) => void;
  readonly show: (reading: UsageReading, usable: number) => void;
}

/** What a person watches, line by line, so that it stays readable in a log. */
export function createReporter(scenario: Scenario): Reporter {
  const startedAt = Date.now();
  let last: UsageReading | null = null;
  const [title = '', ...rest] = wrapped(scenario.summary, scenario.name.length + 2);
  say(`${paint('bold', scenario.name)}: ${title}`);
  for (const line of rest) say(line);
  return {
    onLine: (line) => printLine(line, startedAt),
    show(reading, usable) {
      const isNews =
        last === null ||
        reading.login !== last.login ||
        Math.abs(reading.used - last.used) >= NOTABLE_SLOTS ||
        reading.at - last.at >= QUIET_MS;
      if (!isNews) return;
      last = reading;
      say(`${clock(reading.at, startedAt)}  ${draw(reading, usable)}`);
    },
  };
}

function draw({ used, login }: UsageReading, usable: number): string {
  const share = used / usable;
  const filled = Math.min(BAR_WIDTH, Math.round(share * BAR_WIDTH));
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const colour = login === 'refused' ? 'red' : share > 0.7 ? 'yellow' : 'green';
  const clients = { admitted: 'clients get in', refused: 'clients are refused', unknown: 'no answer' }[login];
  return `${paint(colour, bar)} ${String(Math.round(100 * share)).padStart(3)}%  ${String(used).padStart(3)} slots  ${clients}`;
}

/** The incident in words, how the loads fared, and whether everything was as expected. */
export function printReport(result: DrillResult): void {
  const notice = result.notifications.at(-1);
  if (notice !== undefined) print(`\n${notice.subject}\n\n${notice.body.trimEnd()}\n`);
  for (const load of result.loads) {
    const lost = load.lost === 0 ? 'lost none' : `lost ${load.lost}`;
    const cancelled = load.cancelled === 0 ? '' : `, ${load.cancelled} queries cancelled`;
    const worked = load.worked === 0 ? '' : `, ${load.worked} pieces of work done`;
    print(`${load.name} (${load.label}): ${load.sessions} sessions, ${lost}${cancelled}${worked}`);
  }
  print(`\ntime to get in: ${result.wayIn}\n`);
  for (const { name, expected, found, ok } of result.expected) {
    print(`${ok ? '✔' : '✘'} ${name}: ${found}${ok ? '' : ` (expected ${expected})`}`);
  }
  print(
    `\n${result.scenario} on ${result.engine} with seed ${result.seed} ${result.passed ? 'went as expected' : 'did NOT go as expected'}, ${result.totalSeconds} s in all`,
  );
}

/** A drill that could not be held. */
export interface FailedDrill {
  readonly scenario: string;
  readonly engine: EngineName;
  readonly seed: number;
  readonly passed: false;
  readonly error: string;
}

const COLUMNS = [
  'scenario',
  'server',
  'seed',
  'as expected',
  'outcome',
  'cause',
  'usage',
  'ended',
  'innocent',
  'got in',
  'action',
  'relief',
  'total',
];

/** One row for each of several drills. */
export function printTable(results: readonly (DrillResult | FailedDrill)[]): void {
  const rows = results.map((result) =>
    'error' in result
      ? [result.scenario, result.engine, result.seed, 'NO', { colSpan: COLUMNS.length - 4, content: result.error }]
      : rowOf(result),
  );
  print(tableOf(COLUMNS, rows));
}

function rowOf(result: DrillResult): string[] {
  return [
    result.scenario,
    serverOf(result),
    String(result.seed),
    result.passed ? 'yes' : 'NO',
    result.outcome ?? 'not closed',
    result.cause ?? 'not known',
    `${percent(result.usageBefore, '?')} → ${percent(result.usageAfter, '?')}`,
    String(result.ended.length),
    String(result.endedInnocent),
    describeEntry(result),
    seconds(result.firstActionSeconds),
    seconds(result.reliefSeconds),
    seconds(result.totalSeconds),
  ];
}

/** Without what a packager has added to the version. */
function serverOf({ engine, serverVersion }: DrillResult): string {
  return `${engine} ${/^[\d.]*/.exec(serverVersion ?? '')?.[0] ?? ''}`.trim();
}

function describeEntry({ admission }: DrillResult): string {
  return admission === null ? 'never' : `${describeWait(admission.waitedMs)} (${admission.way})`;
}

function seconds(value: number | null): string {
  return value === null ? '' : `${value.toFixed(1)} s`;
}
