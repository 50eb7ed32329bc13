import { parseArgs } from 'node:util';
import { ENGINE_NAMES, type EngineName } from '../../functions/core/server/snapshot.ts';
import { printTable } from '../table.ts';
import type { Load } from './load.ts';
import { LOADS } from './loads/index.ts';
import { HEAD, rowOf, summarise, type PaceResult } from './report.ts';
import { runPace, type PaceOptions } from './run.ts';

/** Mostly they wait; more at once would wait for the processor. */
const AT_ONCE = '3';

/**
 * The loads of real outages on real servers at production pace, in the hands of `headroom watch` with the default
 * policy: some 15 minutes for every three. Options: `--engine E`; `--load NAME`, again for more; `--calm MINUTES`
 * before the trouble and `--minutes MINUTES` after it; `--at-once N`; `--list`; `--json`.
 */
export async function benchPace(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engine: { type: 'string', default: 'postgres' },
      load: { type: 'string', multiple: true, default: [] },
      calm: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '10' },
      'at-once': { type: 'string', default: AT_ONCE },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    list(values.json);
    return;
  }
  const engine = ENGINE_NAMES.find((name) => name === values.engine);
  const unknown = values.load.filter((name) => !LOADS.some((load) => load.name === name));
  const options = {
    calmMinutes: Number(values.calm),
    watchMinutes: Number(values.minutes),
    onLine: (line: string) => {
      console.error(line);
    },
  };
  const atOnce = Number(values['at-once']);
  if (engine === undefined) throw new Error(`--engine is one of ${ENGINE_NAMES.join(', ')}`);
  if (unknown.length > 0) throw new Error(`--load ${unknown.join(', ')} is not known; see --list`);
  if (!(options.calmMinutes > 0 && options.watchMinutes > 0 && atOnce >= 1))
    throw new Error('--calm, --minutes and --at-once are numbers over 0');
  const chosen = LOADS.filter(
    ({ name, engines }) =>
      (engines?.includes(engine) ?? true) && (values.load.length === 0 || values.load.includes(name)),
  );
  if (chosen.length === 0) throw new Error(`these loads are not for ${engine}`);
  const results = await runAll(chosen, { engine, atOnce, options });
  if (values.json) console.log(JSON.stringify(results, null, 2));
  else printTable(`At production pace on ${results[0]?.server ?? engine}`, HEAD, results.map(rowOf));
  if (!results.every(({ ok }) => ok)) process.exitCode = 1;
}

interface Many {
  readonly engine: EngineName;
  readonly atOnce: number;
  readonly options: PaceOptions;
}

async function runAll(loads: readonly Load[], { engine, atOnce, options }: Many): Promise<PaceResult[]> {
  const waiting = [...loads];
  const results: PaceResult[] = [];
  const runSome = async () => {
    for (let load = waiting.shift(); load !== undefined; load = waiting.shift()) {
      const result = summarise(await runPace(load, engine, options));
      for (const line of [`${load.name} on ${result.server}`, ...result.story]) options.onLine(line);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runSome));
  return loads.flatMap(({ name }) => results.filter(({ load }) => load === name));
}

function list(isJson: boolean): void {
  const known = LOADS.map(({ name, summary, expected }) => ({ name, summary, expected }));
  if (isJson) console.log(JSON.stringify(known, null, 2));
  else
    printTable(
      'Loads',
      ['load', 'expected', 'what happens'],
      known.map(({ name, expected, summary }) => [name, expected, summary]),
    );
}
