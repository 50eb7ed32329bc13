import { Command, Option } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import { readRecord } from '../../functions/core/ports/incident-record.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Closing } from '../../functions/core/record/escalation.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { withCommands } from '../../functions/core/words/commands.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { printable } from '../../functions/core/words/printable.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import type { OpenRecords } from '../options/open-records.ts';
import { listIncidents } from '../summary/list-incidents.ts';
import {
  ON_AWS,
  readingAllRecords,
  findIncident,
  readingRecords,
  recordOptions,
  withRecordOptions,
} from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { commandsOf, findWhere, type Where } from '../options/where.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { paint, print, printJson, say } from '../terminal/output.ts';
import { storyOf } from '../terminal/story.ts';
import { tableOf } from '../terminal/table.ts';
import { reportCommand } from './incidents-report.ts';
import { summaryCommand } from './incidents-summary.ts';

const listOptions = z.object({
  ...recordOptions,
  target: z.optional(z.string()),
  status: z.optional(z.enum(['open', 'closed'])),
  limit: z.string(),
  all: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});
const showOptions = z.object({ ...recordOptions, json: z._default(z.boolean(), false) });
type ShowOptions = z.infer<typeof showOptions>;
const closeOptions = z.extend(showOptions, { by: z.optional(z.string()), note: z._default(z.string(), '') });

/** `headroom incidents list | show ID | report ID | close ID | summary`. */
export function incidentsCommand(): Command {
  const list = withRecordOptions(new Command('list').description('the latest incidents, newest first'))
    .option('--target <id>', 'of one target')
    .addOption(new Option('--status <status>', 'only these').choices(['open', 'closed']))
    .option('--limit <count>', 'how many at most', '20')
    .option('--all', 'of every installation of the configuration; those that cannot be read are named')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = listOptions.parse(raw);
      const limit = parseLimit(given.limit);
      if (given.all) {
        process.exitCode = await listAll(given, limit);
        return;
      }
      const list = ({ store }: OpenRecords) => listIncidents(store, given, limit);
      const incidents = await readingRecords(given, list, () => []);
      if (given.json) printJson(incidents);
      else if (incidents.length > 0) print(tableOf(COLUMNS, incidents.map(rowOf)));
      else print(noneIn(findWhere(given)));
    });
  const show = withRecordOptions(
    new Command('show').description('one incident as a story').argument('<id>', 'incident'),
  )
    .option('--json', 'everything that is recorded, as one JSON document')
    .action(async (id: string, raw: unknown) => {
      const given = showOptions.parse(raw);
      await readingRecords(given, ({ store }) => showIncident(store, id, given));
    });
  const close = withRecordOptions(
    new Command('close')
      .description('end an open incident at its next look, within a minute: what it has limited is lifted')
      .argument('<id>', 'incident'),
  )
    .option('--by <name>', 'who closes it (default: you)')
    .option('--note <words>', 'why, for readers of the incident')
    .option('--json', 'one JSON document on standard output')
    .action(async (id: string, raw: unknown) => {
      const given = closeOptions.parse(raw);
      const closing = { by: given.by ?? userInfo().username, at: Date.now(), note: given.note };
      await readingRecords(given, async ({ store }) =>
        closeByPerson(store, await findIncident(store, id, given), closing),
      );
      if (given.json) printJson({ incidentId: id, closing });
      else print(`incident ${id} is closed at its next look: within a minute, or once its question is answered`);
    });
  return new Command('incidents')
    .description('what happened')
    .addCommand(list)
    .addCommand(show)
    .addCommand(reportCommand())
    .addCommand(close)
    .addCommand(summaryCommand());
}

/** One table of what several installations have on record. Returns the exit status: failed when one cannot be read. */
async function listAll(given: z.infer<typeof listOptions>, limit: number): Promise<number> {
  const read = await readingAllRecords(given, ({ store }) => listIncidents(store, given, limit));
  const found = read
    .flatMap(({ config, result }) => (result instanceof Error ? [] : result.map((incident) => ({ config, incident }))))
    .sort((a, b) => b.incident.openedAt - a.incident.openedAt)
    .slice(0, limit);
  const unread = read.flatMap(({ config, result }) => (result instanceof Error ? [{ config, result }] : []));
  if (given.json) {
    printJson({
      incidents: found.map(({ config, incident }) => ({ ...placeIn(config), incident })),
      unread: unread.map(({ config, result }) => ({ ...placeIn(config), error: result.message })),
    });
  } else {
    const rows = found.map(({ config, incident }) => [...Object.values(placeIn(config)), ...rowOf(incident)]);
    if (rows.length > 0) print(tableOf(['installation', 'account', 'region', ...COLUMNS], rows));
    else if (unread.length < read.length) print('no incidents on record');
    for (const { config, result } of unread) {
      const { installation } = placeIn(config);
      say(`${paint('red', 'not read:')} ${installation}: ${result.message}`);
    }
  }
  return unread.length === 0 ? EXIT.ok : EXIT.failed;
}

function placeIn({ name, installation: { prefix, account = '', region = '' } }: HeadroomConfig) {
  return { installation: name ?? prefix, account, region };
}

function noneIn(where: Where): string {
  if (where.place === 'aws') return `no incidents on record in ${where.region}`;
  return `no incidents in the local records (${where.folder}); ${ON_AWS}`;
}

/** Whoever closes an incident knows of it: nobody is paged for it again. */
async function closeByPerson(store: IncidentStore, { id, status, call }: Incident, closing: Closing): Promise<void> {
  if (status === 'closed') throw new UsageError(`incident ${id} is closed already`);
  if (call !== null) throw new UsageError(`incident ${id} is a manual end; it closes by itself`);
  await store.incidents.change(id, { closing });
  await store.notices.acknowledge(id, closing);
}

async function showIncident(store: IncidentStore, id: string, given: ShowOptions): Promise<void> {
  const incident = await findIncident(store, id, given);
  const { rounds, acts, approvals, settledLimits } = await readRecord(store, incident);
  if (given.json) {
    printJson({
      incident,
      rounds: rounds.map(({ question, ...round }) => (question ? { ...round, question: bothNames(question) } : round)),
      acts: acts.map(bothNames),
      approvals: approvals.map((approval) => ({ ...approval, plan: bothNames(approval.plan) })),
      settledLimits,
      settledCaps: settledLimits,
    });
  } else {
    const story = storyOf(incident, { rounds, acts, approvals, settledLimits });
    print(withCommands(story, { id: incident.target.id, commands: commandsOf(given) }));
  }
}

/** The first version called a limit `cap`; programs may still read it. */
function bothNames<T extends { readonly limit: unknown }>(record: T): T & { readonly cap: T['limit'] } {
  return { ...record, cap: record.limit };
}

const COLUMNS = ['incident', 'opened', 'target', 'outcome', 'cause', 'usage', 'ended'];

function rowOf(incident: Incident): string[] {
  return [
    incident.id,
    new Date(incident.openedAt).toISOString().slice(0, 19).replace('T', ' '),
    incident.target.id,
    endOf(incident),
    incident.call === null ? (incident.cause?.name ?? 'not known') : `called by ${printable(incident.call.by, 20)}`,
    `${percent(incident.usageBefore, '?')} → ${percent(incident.usageAfter, '?')}`,
    String(incident.endedCount),
  ];
}

function endOf({ outcome, acknowledgement }: Incident): string {
  const taken = acknowledgement === null ? '' : `, ${printable(acknowledgement.by, 20)} has it`;
  return `${outcome ?? 'open'}${taken}`;
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new UsageError(`--limit ${text}: use 1 to 1000`);
  return limit;
}
