import { readFile, writeFile } from 'node:fs/promises';
import { scenarioOn, type Scenario } from '../drill/scenario/scenario.ts';
import { SCENARIOS } from '../drill/scenarios/index.ts';
import type { ServerChoice } from '../drill/target/server-choice.ts';
import { measureHeadroom, measureRemedy, type Outcome } from './peers/compare.ts';
import { fetchPtKill } from './peers/pt-kill.ts';
import { ptKill, runbook, type Remedy } from './peers/remedies.ts';
import { printTable } from './table.ts';

/** Every story of the runbooks, and what pt-kill is told to end in it: what suits it best. */
const COMPARED: Readonly<Record<string, 'idle' | 'busy'>> = {
  'connection-leak': 'idle',
  'idle-in-transaction': 'idle',
  'runaway-query': 'busy',
  'runaway-analytics': 'busy',
  'lock-pileup': 'idle',
  'deadlock-victims': 'idle',
  'migration-locks': 'idle',
  'pool-misconfiguration': 'idle',
  'limit-too-low': 'busy',
  'black-friday': 'busy',
  'batch-burst': 'busy',
  'half-open-flood': 'idle',
  'reconnect-storm': 'busy',
  'storm-refill': 'idle',
};

const SERVERS: readonly ServerChoice[] = [{ engine: 'postgres', major: 18 }, { engine: 'mysql' }];

const HEAD = [
  'scenario',
  'engine',
  'remedy',
  'sessions ended',
  'of them innocent',
  'client errors',
  'alarm to relief',
  'a minute later',
] as const;

/**
 * Headroom beside what people use today, on the same loads in the same run: who paid for relief, when it came, and
 * whether it lasted. Writes the table into docs/least-harm.md.
 */
export async function benchPeers(): Promise<void> {
  const program = await fetchPtKill();
  const rows: string[][] = [];
  for (const [name, kind] of Object.entries(COMPARED)) rows.push(...(await compareIn(name, ptKill(program, kind))));
  printTable('Headroom and its peers', HEAD, rows);
  await writeIntoDocs(rows);
}

/**
 * Side by side, each on a server of its own: alike for all, and most of the time is the minute in which relief is
 * watched.
 */
async function compareIn(name: string, byPtKill: Remedy): Promise<string[][]> {
  const measured = SERVERS.flatMap((server) => {
    const scenario = scenarioOn(scenarioNamed(name), server.engine);
    const remedies = server.engine === 'postgres' ? [runbook] : [runbook, byPtKill];
    const outcomes = [
      measureHeadroom(scenario, server),
      ...remedies.map((remedy) => measureRemedy(scenario, server, remedy)),
    ];
    return outcomes.map(async (outcome) => rowOf(name, server, await outcome));
  });
  return Promise.all(measured);
}

function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (!scenario) throw new RangeError(`no scenario is named ${name}`);
  return scenario;
}

function rowOf(scenario: string, { engine }: ServerChoice, outcome: Outcome): string[] {
  const { remedy, reliefSeconds, paged, ended, innocentEnded, clientErrors, held, usageLater } = outcome;
  const later = `${usageLater.toFixed(0)}%`;
  return [
    scenario,
    engine,
    remedy,
    String(ended),
    String(innocentEnded),
    String(clientErrors),
    reliefSeconds === null ? (paged ? 'a person is paged' : 'never') : `${reliefSeconds.toFixed(1)} s`,
    held === null ? later : `${held ? 'held' : 'lost again'}, ${later}`,
  ];
}

const PAGE = new URL('../docs/least-harm.md', import.meta.url);
const PLACE = /(?<=<!-- comparison -->\n)[^]*(?=<!-- \/comparison -->)/;

/** The page is one of the sources' own, so its lines are as its formatter wants them once that has run. */
async function writeIntoDocs(rows: readonly (readonly string[])[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const table = [line(HEAD), line(HEAD.map(() => '---')), ...rows.map(line)].join('');
  await writeFile(PAGE, page.replace(PLACE, `\n${table}\n`));
}
