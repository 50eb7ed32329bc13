import { Command } from 'commander';
import * as z from 'zod/mini';
import type { AskPerson } from '../local/approver.ts';
import { APPROVE_HELP, canAsk, parseApprove, personFor, type Approve } from '../local/commands/approve-option.ts';
import { EXIT } from '../local/commands/exit-status.ts';
import { print, printJson, say } from '../local/commands/output.ts';
import { UsageError } from '../local/commands/usage-error.ts';
import { createReporter, printReport, printTable } from './report.ts';
import type { DrillResult } from './result.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { POSTGRES_MAJORS, type PostgresMajor } from './servers/postgres-files.ts';

const options = z.object({
  scenario: z.optional(z.string()),
  engine: z.string(),
  postgresVersion: z.string(),
  seed: z.string(),
  approve: z.optional(z.string()),
  all: z._default(z.boolean(), false),
  list: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** `headroom drill`: a rehearsal on a real server started for it. Exit 0 only when all went as expected. */
export function drillCommand(): Command {
  return new Command('drill')
    .description('rehearse on a real, really full server started on this machine; needs no AWS')
    .option('--scenario <name>', `one of: ${SCENARIOS.map(({ name }) => name).join(', ')}`)
    .option('--all', 'every scenario, one after the other')
    .option('--list', 'list the scenarios')
    .option('--engine <engine>', 'kind of server', 'postgres')
    .option('--postgres-version <major>', `major version: ${POSTGRES_MAJORS.join(', ')}`, '18')
    .option('--seed <number>', 'gives the loads other habits', '1')
    .option('--approve <answer>', `${APPROVE_HELP}; default: what the scenario says`)
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      if (given.engine !== 'postgres') throw new UsageError(`--engine ${given.engine} is not built yet; use postgres`);
      const major = parseMajor(given.postgresVersion);
      const seed = parseSeed(given.seed);
      const approve = parseApprove(given.approve);
      if (given.list) listScenarios(given.json);
      else if (given.all) process.exitCode = await drillAll(major, seed, given.json, approve);
      else process.exitCode = await drillOne(findScenario(given.scenario), major, seed, given.json, approve);
    });
}

function listScenarios(json: boolean): void {
  if (json) printJson(SCENARIOS.map(({ name, summary }) => ({ name, summary })));
  else for (const { name, summary } of SCENARIOS) print(`${name.padEnd(22)} ${summary}`);
}

/** Rehearses one scenario and returns the exit status. */
export async function drillOne(
  scenario: Scenario,
  major: PostgresMajor,
  seed: number,
  json: boolean,
  approve: Approve | undefined,
): Promise<number> {
  const isAsked = approve !== undefined || canAsk();
  const result = await watchDrill(scenario, major, seed, isAsked ? personFor(approve) : undefined);
  if (json) printJson(result);
  else printReport(result);
  return result.passed ? EXIT.ok : EXIT.failedCheck;
}

/** Nobody is asked: so many drills run by themselves. */
async function drillAll(
  major: PostgresMajor,
  seed: number,
  json: boolean,
  approve: Approve | undefined,
): Promise<number> {
  const person = approve === undefined ? undefined : personFor(approve);
  const results: (DrillResult | { scenario: string; passed: false; error: string })[] = [];
  for (const scenario of SCENARIOS) {
    try {
      const result = await watchDrill(scenario, major, seed, person);
      for (const { name, expected, found } of result.expected.filter(({ ok }) => !ok)) {
        say(`${scenario.name}: ${name}: expected ${expected}, found ${found}`);
      }
      results.push(result);
    } catch (error) {
      if (interruption.signal.aborted) throw error;
      results.push({
        scenario: scenario.name,
        passed: false,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    say('');
  }
  if (json) printJson(results);
  else printTable(results);
  return results.every(({ passed }) => passed) ? EXIT.ok : EXIT.failedCheck;
}

/** Ctrl-C: stop what was started, then leave. */
const interruption = new AbortController();

async function watchDrill(
  scenario: Scenario,
  major: PostgresMajor,
  seed: number,
  person: AskPerson | undefined,
): Promise<DrillResult> {
  // Brings the CDK and the interpreter along, which lists and errors do without.
  const { runDrill } = await import('./run.ts');
  const onSignal = () => interruption.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await runDrill(scenario, { major, seed, person, signal: interruption.signal, ...createReporter(scenario) });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function findScenario(name: string | undefined): Scenario {
  if (name === undefined) return SCENARIOS[0];
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`--scenario ${name} is not known; use one of ${SCENARIOS.map((each) => each.name).join(', ')}`);
}

function parseMajor(text: string): PostgresMajor {
  const major = POSTGRES_MAJORS.find((each) => String(each) === text);
  if (major !== undefined) return major;
  throw new UsageError(`--postgres-version ${text} cannot be rehearsed; use one of ${POSTGRES_MAJORS.join(', ')}`);
}

function parseSeed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--seed ${text}: use a whole number`);
}
