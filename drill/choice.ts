import { ENGINE_NAMES, type EngineName } from '../functions/core/server/snapshot.ts';
import { UsageError } from '../local/options/usage-error.ts';
import type { Scenario } from './scenario/scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { POSTGRES_MAJORS, type PostgresMajor } from './servers/files/postgres-files.ts';
import type { ServerChoice } from './target/server-choice.ts';

/** What `headroom drill` was asked for, as it was written. */
export interface DrillRequest {
  readonly scenario?: string | undefined;
  readonly all: boolean;
  readonly engine: EngineName | 'all';
  readonly postgresVersion: string;
  readonly seed: string;
  /** Rehearse with each seed from 1 up to this one; with `seed` alone when absent. */
  readonly seeds?: string | undefined;
}

/** One scenario on one server with one seed. */
export interface Drill {
  readonly scenario: Scenario;
  readonly server: ServerChoice;
  readonly seed: number;
}

/** More would take days. */
const MOST_SEEDS = 100;

/**
 * The drills to hold: every scenario asked for on every engine asked for, where it makes sense there. At least one.
 * Throws UsageError, with every problem at once.
 */
export function chooseDrills(request: DrillRequest): readonly Drill[] {
  const problems: string[] = [];
  if (request.all && request.scenario !== undefined) {
    problems.push(`--all and --scenario ${request.scenario}: use one of them`);
  }
  const scenarios = request.all ? SCENARIOS : findScenario(request.scenario, problems);
  const major = parseMajor(request.postgresVersion, problems);
  const seeds = parseSeeds(request, problems);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));

  const engines = ENGINE_NAMES.filter((engine) => request.engine === 'all' || request.engine === engine);
  const drills = scenarios.flatMap((scenario) =>
    engines
      .filter((engine) => scenario.engines.includes(engine))
      .map((engine) => ({ scenario, server: engine === 'postgres' ? { engine, major } : { engine } })),
  );
  const [first] = scenarios;
  if (drills.length === 0 && first !== undefined) {
    throw new UsageError(
      `--engine ${request.engine}: ${first.name} is not for it; it can be rehearsed on ${first.engines.join(', ')}`,
    );
  }
  return drills.flatMap((drill) => seeds.map((seed) => ({ ...drill, seed })));
}

function parseSeeds({ seed, seeds }: DrillRequest, problems: string[]): readonly number[] {
  if (!/^\d{1,9}$/.test(seed)) problems.push(`--seed ${seed}: use a whole number`);
  if (seeds === undefined) return [Number(seed)];
  const count = /^\d{1,3}$/.test(seeds) ? Number(seeds) : 0;
  if (count >= 1 && count <= MOST_SEEDS) return Array.from({ length: count }, (_, index) => index + 1);
  problems.push(`--seeds ${seeds}: use a number from 1 to ${MOST_SEEDS}`);
  return [];
}

function findScenario(name: string | undefined, problems: string[]): readonly Scenario[] {
  if (name === undefined) return [SCENARIOS[0]];
  const found = SCENARIOS.filter((scenario) => scenario.name === name);
  if (found.length === 0) {
    problems.push(`--scenario ${name} is not known; use one of ${SCENARIOS.map((each) => each.name).join(', ')}`);
  }
  return found;
}

function parseMajor(text: string, problems: string[]): PostgresMajor {
  const major = POSTGRES_MAJORS.find((each) => String(each) === text);
  if (major !== undefined) return major;
  problems.push(`--postgres-version ${text} cannot be rehearsed; use one of ${POSTGRES_MAJORS.join(', ')}`);
  return POSTGRES_MAJORS[0];
}
