import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { ENGINE_NAMES } from '../functions/core/server/snapshot.ts';
import { errorWords } from '../functions/core/words/error-words.ts';
import { APPROVE_HELP, canAsk, parseApprove, personFor, type Approve } from '../local/options/approve-option.ts';
import type { AskPerson } from '../local/runs/approver.ts';
import { EXIT } from '../local/terminal/exit-status.ts';
import { print, printJson, say } from '../local/terminal/output.ts';
import { columnsOf } from '../local/terminal/table.ts';
import { chooseDrills, type Drill } from './choice.ts';
import { confusionOf, printMatrix } from './outcome/confusion.ts';
import type { DrillResult } from './outcome/drill-result.ts';
import { createReporter, printReport, printTable, type FailedDrill } from './outcome/report.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { POSTGRES_MAJORS } from './servers/files/postgres-files.ts';

const options = z.object({
  scenario: z.optional(z.string()),
  engine: z.enum([...ENGINE_NAMES, 'all']),
  postgresVersion: z.string(),
  seed: z.string(),
  seeds: z.optional(z.string()),
  approve: z.optional(z.string()),
  all: z._default(z.boolean(), false),
  list: z._default(z.boolean(), false),
  verbose: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** `headroom drill`: a rehearsal on a real server started for it. Exit 0 only when all went as expected. */
export function drillCommand(): Command {
  return new Command('drill')
    .description('rehearse on a real, really full server started on this machine; needs no AWS')
    .option('--scenario <name>', `one of: ${SCENARIOS.map(({ name }) => name).join(', ')}`)
    .option('--all', 'every scenario, one after the other')
    .option('--list', 'list the scenarios, and the engines they are for')
    .addOption(
      new Option('--engine <engine>', 'kind of server').choices([...ENGINE_NAMES, 'all']).default(ENGINE_NAMES[0]),
    )
    .option('--postgres-version <major>', `major version of PostgreSQL: ${POSTGRES_MAJORS.join(', ')}`, '18')
    .option('--seed <number>', 'gives the scenario other counts, names and timings', '1')
    .option('--seeds <count>', 'with each seed from 1 to this one; shows at the end which causes were found')
    .option('--approve <answer>', `${APPROVE_HELP}; default: what the scenario says`)
    .option('--verbose', 'every look of an incident in full, in place of what has changed')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const drills = chooseDrills(given);
      const [only] = drills;
      const how = { ...given, approve: parseApprove(given.approve) };
      if (given.list) listScenarios(given.json);
      else if (given.seeds !== undefined) process.exitCode = await drillSeeds(drills, how);
      else if (drills.length === 1 && only !== undefined) process.exitCode = await drillOne(only, how);
      else process.exitCode = await drillMany(drills, how);
    });
}

function listScenarios(json: boolean): void {
  if (json) printJson(SCENARIOS.map(({ name, engines, summary }) => ({ name, engines, summary })));
  else print(columnsOf(SCENARIOS.map(({ name, engines, summary }) => [name, engines.join(', '), summary])));
}

/** How drills are held and shown. */
interface How {
  readonly approve: Approve | undefined;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** Rehearses one scenario and returns the exit status. */
export async function drillOne(drill: Drill, { approve, verbose, json }: How): Promise<number> {
  const isAsked = approve !== undefined || canAsk();
  const result = await watchDrill(drill, { person: isAsked ? personFor(approve) : undefined, verbose });
  if (json) printJson(result);
  else printReport(result);
  return result.passed ? EXIT.ok : EXIT.failedCheck;
}

async function drillMany(drills: readonly Drill[], how: How): Promise<number> {
  const results = await holdAll(drills, how);
  if (how.json) printJson(results);
  else printTable(results);
  return results.every(({ passed }) => passed) ? EXIT.ok : EXIT.failedCheck;
}

/** The same, and which causes were found over all of them. */
async function drillSeeds(drills: readonly Drill[], how: How): Promise<number> {
  const results = await holdAll(drills, how);
  const matrix = confusionOf(results);
  if (how.json) printJson({ drills: results, matrix });
  else {
    printTable(results);
    printMatrix(matrix);
  }
  return results.every(({ passed }) => passed) ? EXIT.ok : EXIT.failedCheck;
}

/** No person is asked: many drills run unattended. */
async function holdAll(
  drills: readonly Drill[],
  { approve, verbose }: How,
): Promise<readonly (DrillResult | FailedDrill)[]> {
  const person = approve === undefined ? undefined : personFor(approve);
  const results: (DrillResult | FailedDrill)[] = [];
  for (const drill of drills) {
    const { scenario, server, seed } = drill;
    try {
      const result = await watchDrill(drill, { person, verbose });
      for (const { name, expected, found } of result.expected.filter(({ ok }) => !ok)) {
        say(`${scenario.name} on ${server.engine}, seed ${seed}: ${name}: expected ${expected}, found ${found}`);
      }
      results.push(result);
    } catch (error) {
      if (interruption.signal.aborted) throw error;
      results.push({
        scenario: scenario.name,
        engine: server.engine,
        seed,
        passed: false,
        error: errorWords(error),
      });
    }
    say('');
  }
  return results;
}

/** Ctrl-C: stop what was started, then leave. */
const interruption = new AbortController();

async function watchDrill(
  { scenario, server, seed }: Drill,
  shown: { readonly person: AskPerson | undefined; readonly verbose: boolean },
): Promise<DrillResult> {
  // Brings the CDK and the interpreter along, which lists and errors do without.
  const { runDrill } = await import('./run.ts');
  const onSignal = () => interruption.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await runDrill(scenario, {
      server,
      seed,
      signal: interruption.signal,
      ...shown,
      ...createReporter(scenario),
    });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
