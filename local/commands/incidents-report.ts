import { Command, Option } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { readRecord } from '../../functions/core/ports/incident-record.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { reportInMarkdown } from '../../functions/core/report/in-markdown.ts';
import { reportOn, type Report } from '../../functions/core/report/report.ts';
import { newSecret } from '../../functions/aws/process/secret.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { jsonText } from '../../functions/core/words/json-text.ts';
import { findIncident, readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { commandsOf } from '../options/where.ts';
import { print, printScript, say } from '../terminal/output.ts';

const FORMATS = ['html', 'markdown', 'json'] as const;
type Format = (typeof FORMATS)[number];

const reportOptions = z.object({
  ...recordOptions,
  format: z.enum(FORMATS),
  output: z.optional(z.string()),
  open: z._default(z.boolean(), false),
  revokeLinks: z._default(z.boolean(), false),
});
type ReportOptions = z.infer<typeof reportOptions>;

/** Stands for standard output. */
const STDOUT = '-';

/** `headroom incidents report ID`. */
export function reportCommand(): Command {
  return withRecordOptions(
    new Command('report').description('one incident as a page for people who review it').argument('<id>', 'incident'),
  )
    .addOption(new Option('--format <format>', 'what it is written as').choices(FORMATS).default('html'))
    .option('--output <file>', 'where it is written, - for standard output (default: html to a file here, others to -)')
    .option('--open', 'show the page in the browser of this machine')
    .option('--revoke-links', 'write no report, but let no link work that was sent for it until now')
    .action(async (id: string, raw: unknown) => {
      const given = reportOptions.parse(raw);
      if (given.revokeLinks) {
        await readingRecords(given, ({ store }) => revokeLinks(store, id, given));
        print(`incident ${id}: the links to its report that were sent until now work no more`);
        return;
      }
      if (given.open && (given.format !== 'html' || given.output === STDOUT))
        throw new UsageError('--open shows a page in a browser: leave --format and --output - out');
      const report = await readingRecords(given, ({ store }) => readReport(store, id, given));
      await write(await render(report, given.format), fileFor(report, given), given.open);
    });
}

async function revokeLinks(store: IncidentStore, id: string, given: ReportOptions): Promise<void> {
  const incident = await findIncident(store, id, given);
  await store.notices.replaceReportSecret(incident.id, newSecret());
}

async function readReport(store: IncidentStore, id: string, given: ReportOptions): Promise<Report> {
  const incident = await findIncident(store, id, given);
  const target = { ...incident.target, commands: commandsOf(given) };
  return reportOn(await readRecord(store, { ...incident, target }), Date.now());
}

async function render(report: Report, format: Format): Promise<string> {
  switch (format) {
    case 'html': {
      const { reportPage } = await import('../../functions/core/pages/report-page.ts');
      return reportPage(report).toString();
    }
    case 'markdown':
      return reportInMarkdown(report);
    case 'json':
      return jsonText(report, 2);
  }
}

function fileFor({ incidentId }: Report, { format, output }: ReportOptions): string {
  return output ?? (format === 'html' ? `headroom-report-${incidentId.replace(/[^\w-]/g, '_')}.html` : STDOUT);
}

async function write(text: string, file: string, isToOpen: boolean): Promise<void> {
  if (file === STDOUT) {
    printScript(text);
    return;
  }
  // It has names of users and addresses in it.
  await writeFile(file, text, { mode: 0o600 }).catch((error: unknown) => {
    throw new UsageError(`--output ${file} cannot be written (${errorWords(error)}): name a file in a folder of yours`);
  });
  print(`written to ${file}`);
  if (isToOpen) await open(resolve(file));
}

/** What shows a file in the browser, without a shell in between. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', win32: 'explorer.exe' };

async function open(file: string): Promise<void> {
  const opener = OPENERS[process.platform] ?? 'xdg-open';
  const child = spawn(opener, [file], { stdio: 'ignore', detached: true });
  try {
    await once(child, 'spawn');
    child.unref();
  } catch {
    say(`there is no ${opener} here: open the file yourself`);
  }
}
