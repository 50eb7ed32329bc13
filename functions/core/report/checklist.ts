import { withCommands } from '../words/commands.ts';
import { percent } from '../words/percent.ts';
import { named } from '../words/printable.ts';
import { lines } from './looks.ts';
import { usualInWords, type OverUsual } from './over-usual.ts';
import type { IncidentRecord } from './record.ts';
import type { SlotsOverTime } from './slots.ts';
import { lastedOf } from './times.ts';

/** Tasks of one kind for the people who own the service. */
export interface Topic {
  readonly title: string;
  readonly tasks: readonly string[];
}

/** What only a person knows, with what belongs there. */
export interface Blank {
  readonly name: string;
  readonly hint: string;
}

interface Known {
  readonly record: IncidentRecord;
  readonly slots: SlotsOverTime;
  readonly over: OverUsual;
}

/** First what this incident's own cause asks for, then what belongs to the review of any such incident. */
export function checklistOf(known: Known): Topic[] {
  return [
    { title: 'Because of this cause', tasks: ownAdvice(known.record) },
    { title: 'Pool settings', tasks: poolTasks(known) },
    { title: 'Leaks', tasks: leakTasks(known) },
    { title: 'Timeouts', tasks: timeoutTasks(known) },
    { title: 'Capacity', tasks: capacityTasks(known) },
    { title: 'Alarms and thresholds', tasks: thresholdTasks(known) },
    {
      title: 'Afterwards',
      tasks: [
        'Count the requests and jobs that failed in this time, in the logs of the services that are named above.',
        'Agree on a date to check that these tasks are done, and keep this report with the review.',
      ],
    },
  ].filter(({ tasks }) => tasks.length > 0);
}

function ownAdvice({ incident }: IncidentRecord): string[] {
  const { advice, escalation, target } = incident;
  const all = new Set([...advice, ...(escalation?.advice ?? [])]);
  return lines([...all].map((line) => withCommands(line, target)));
}

function poolTasks({ record, slots, over }: Known): string[] {
  const usable = slots.moments.findLast((moment) => moment.usable !== null)?.usable;
  const most = over.rows
    .slice(0, 4)
    .flatMap(({ name, first }) => (first === null ? [] : [`${named(name, 80)} ${first}`]));
  const room = usable == null ? 'the usable slots of the server' : `${usable} usable slots`;
  const held = most.length === 0 ? '' : ` (at the first look: ${most.join(', ')})`;
  return [
    `Add up all pools: processes × largest size of each must stay under ${room}${held}.`,
    ...(record.incident.target.pools.length === 0
      ? ['Write the pools into the configuration of Headroom (pools): it then says which are too large.']
      : []),
  ];
}

function leakTasks({ over }: Known): string[] {
  const grown = over.rows.filter(({ isOver }) => isOver).slice(0, 3);
  if (grown.length === 0) return ['Look for connections that are taken from a pool and not given back.'];
  return grown.map(
    ({ name, usual }) =>
      `Check ${named(name, 80)} for connections that are taken and not given back: usually it holds ` +
      `${usualInWords(usual)}. Switch its pool's leak detection on.`,
  );
}

function timeoutTasks({ record }: Known): string[] {
  return record.incident.target.engine === 'postgres'
    ? [
        'Check idle_in_transaction_session_timeout, statement_timeout and lock_timeout, for each user that needs its own.',
        'Check that each client gives up waiting for a connection after seconds, and tries again later each time.',
      ]
    : [
        'Check wait_timeout, innodb_lock_wait_timeout and max_execution_time (MariaDB: max_statement_time).',
        'Check that each client gives up waiting for a connection after seconds, and tries again later each time.',
      ];
}

function capacityTasks({ record, slots }: Known): string[] {
  const { usagePeak } = record.incident;
  const usable = slots.moments.findLast((moment) => moment.usable !== null)?.usable ?? null;
  const peak =
    usagePeak === null ? '' : `The peak was ${percent(usagePeak)}${usable === null ? '' : ` of ${usable}`}. `;
  return [
    `${peak}Decide whether the honest load of the coming months fits, or plan a larger server, readers or a pooler.`,
  ];
}

function thresholdTasks({ record, slots }: Known): string[] {
  const { alarm } = record.incident;
  const before = slots.refused === null ? null : alarm.at - slots.refused.from;
  return [
    ...(before !== null && before > 0
      ? [
          `Clients were refused for ${lastedOf(before)} before the alarm: let it go off earlier (policy.triggerPercent).`,
        ]
      : [`Check that ${slots.triggerPercent}% leaves people and Headroom enough time before clients are refused.`]),
    'Check that the alarm and the notices reached the people who are on call.',
  ];
}

/** For the review of an incident: nobody but the people concerned know these. */
export const BLANKS: readonly Blank[] = [
  { name: 'Owner of this report', hint: 'who writes it to its end, and until when' },
  { name: 'Severity', hint: 'by your own scale' },
  { name: 'Impact', hint: 'what users noticed, how many of them, which requests and jobs failed' },
  { name: 'Root cause, confirmed', hint: 'whether the cause above is right, and why it came to that' },
  { name: 'What went well, what did not', hint: 'detection, response, communication' },
  { name: 'Follow-ups', hint: 'each with an owner, a ticket and a date' },
];
