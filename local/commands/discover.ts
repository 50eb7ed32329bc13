import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join, parse } from 'node:path';
import * as z from 'zod/mini';
import { commandFor } from '../../functions/core/words/commands.ts';
import { count } from '../../functions/core/words/count.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { DEFAULT_CONFIG, loadConfig } from '../../lib/config/config.ts';
import { writeDiscovered, type Discovered } from '../discovery/discover.ts';
import type { Proposal } from '../discovery/propose.ts';
import { explainAws } from '../installation/aws-errors.ts';
import { parseTags } from '../options/tag-option.ts';
import { UsageError } from '../options/usage-error.ts';
import { commandsOf } from '../options/where.ts';
import { print, printJson, say } from '../terminal/output.ts';
import { columnsOf } from '../terminal/table.ts';

const options = z.object({
  config: z._default(z.string(), DEFAULT_CONFIG),
  region: z._default(z.array(z.string()), []),
  tag: z._default(z.array(z.string()), []),
  profile: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom discover`: a configuration from what AWS says of the databases of an account. */
export function discoverCommand(): Command {
  return new Command('discover')
    .description('write headroom.yaml from what AWS says of RDS and Aurora, or add to it what is new')
    .option('--config <file>', `file to write; what is written there stays (default: ${DEFAULT_CONFIG})`)
    .option('--region <region>', 'region; may be repeated, then each has a file of its own', collect)
    .option('--tag <key=value>', 'only databases with this tag, or whose cluster has it; may be repeated', collect)
    .option('--profile <name>', 'AWS profile (default: AWS_PROFILE)')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const tags = parseTags(given.tag);
      const { readRegion } = await import('../inventory/read-region.ts');
      const inventories = [];
      for (const region of regionsOf(given)) {
        say(`reading RDS and Aurora in ${region}`);
        inventories.push(await readRegion({ region, tags, profile: given.profile }).catch(explained(region)));
      }
      // Nothing is written before all is read.
      const results = inventories.map((inventory) => writeDiscovered(fileFor(given, inventory.region), inventory));
      if (given.json) printJson({ regions: results });
      else for (const result of results) printResult(result);
    });
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

type Given = z.infer<typeof options>;

const REGION = /^[a-z]{2,4}(-[a-z]+)+-\d$/;

/** Those that are named, else that of the file, else that of the shell. */
function regionsOf({ region, config }: Given): readonly string[] {
  const wrong = region.filter((name) => !REGION.test(name));
  if (wrong.length > 0) {
    throw new UsageError(wrong.map((name) => `--region ${name}: expected an AWS region such as eu-west-1`).join('\n'));
  }
  if (region.length > 0) return [...new Set(region)];
  const written = existsSync(config) ? loadConfig(config).installation.region : undefined;
  const found = written ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (found === undefined) throw new UsageError('--region is missing, and AWS_REGION is not set: name a region');
  return [found];
}

/** An installation is in one region, and a file describes one installation. */
function fileFor({ region, config }: Given, of: string): string {
  const { dir, name, ext } = parse(config);
  return new Set(region).size > 1 ? join(dir, `${name}.${of}${ext}`) : config;
}

function explained(region: string): (error: unknown) => never {
  return (error) => {
    throw explainAws(error, { region });
  };
}

function printResult({ file, region, added, known, notFound, skipped, unknown }: Discovered): void {
  const where = `${file} (region ${region})`;
  print(added.length === 0 ? `Nothing new for ${where}.` : `${count(added.length, 'target')} added to ${where}:`);
  printRows(
    added.map(({ entry, about }) => [
      entry.id,
      about,
      entry.cluster === undefined ? `${entry.maxConnections} connections, ${entry.reservedSlots} reserved` : '',
    ]),
  );
  printPart(
    'Not written',
    skipped.map(({ name, why }) => `${name}: ${why}`),
  );
  printPart(
    'In the file already, and different on AWS',
    known.flatMap(({ id, differs }) => differs.map((what) => `${id}: ${what}`)),
  );
  printPart(
    'In the file, and not among the databases that were read',
    notFound.map(
      (id) => `${id}: removed, renamed, or without these tags (docs/uninstall.md says how to remove a target)`,
    ),
  );
  printPart('Not found out', unknown);
  if (added.length > 0) printPart('Still to be done', stepsFor(file, added));
}

/** In the order in which they are done. */
function stepsFor(file: string, added: readonly Proposal[]): string[] {
  const commands = commandsOf({ config: file });
  const first = added[0]?.entry.id ?? '';
  return [
    `read ${file}: whom it notifies (notify.email), the comments beside each target`,
    ...new Set(
      added.flatMap(({ enableIam }) => (enableIam === null ? [] : `switch IAM authentication on: ${enableIam}`)),
    ),
    ...added.map(({ entry: { id, cluster, instance }, loginsFrom }) =>
      loginsFrom === null
        ? `create the logins, as an administrator of ${cluster ?? instance}: ${commandFor('grants', { id, commands })}`
        : `${cluster ?? instance} is a copy: it has the logins of ${printable(loginsFrom)} once they are created there`,
    ),
    'deploy: npx --no cdk deploy --all',
    `check each target: ${commandFor('doctor --aws', { id: first, commands })}`,
  ];
}

function printPart(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  print(`\n${title}:`);
  for (const line of lines) print(`  ${line}`);
}

function printRows(rows: readonly (readonly string[])[]): void {
  if (rows.length > 0) print(columnsOf(rows.map((row) => ['', ...row])));
}
