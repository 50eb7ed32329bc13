import { benchCalls } from './calls.ts';
import { benchCauses, benchRecorded } from './causes.ts';
import { benchDrill } from './drill.ts';
import { benchFleet } from './fleet.ts';
import { benchFunctions } from './functions.ts';
import { benchMemory } from './memory.ts';
import { benchPace } from './pace/command.ts';
import { benchPeers } from './peers.ts';
import { benchPlanning } from './plan.ts';
import { benchReport } from './report.ts';
import { benchSamples } from './samples.ts';
import { benchStrangers } from './strangers.ts';
import { benchWorker } from './worker/cost.ts';
import { benchMoment } from './worker/moment.ts';

/** What follows the first option belongs to `strangers`, `functions`, `fleet` or `pace`: no other measurement has any. */
const args = process.argv.slice(2);
const firstOption = args.findIndex((each) => each.startsWith('--'));
const wanted = firstOption < 0 ? args : args.slice(0, firstOption);
const options = firstOption < 0 ? [] : args.slice(firstOption);

/** In the order they run; the last but one takes half an hour. */
const MEASUREMENTS: Readonly<Record<string, () => void | Promise<void>>> = {
  planning: benchPlanning,
  causes: benchCauses,
  recorded: benchRecorded,
  strangers: () => {
    benchStrangers(options);
  },
  worker: benchWorker,
  moment: benchMoment,
  report: benchReport,
  samples: benchSamples,
  memory: benchMemory,
  calls: benchCalls,
  functions: () => benchFunctions(options),
  fleet: () => benchFleet(options),
  drill: benchDrill,
  peers: benchPeers,
  pace: () => benchPace(options),
};

/** These take long, so they run only when they are asked for. */
const ON_REQUEST: ReadonlySet<string> = new Set(['moment', 'fleet', 'pace']);

const unknown = wanted.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) {
  console.error(`nothing is measured as ${unknown.join(', ')}; there is ${Object.keys(MEASUREMENTS).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const [name, measure] of Object.entries(MEASUREMENTS)) {
    if (wanted.length === 0 ? !ON_REQUEST.has(name) : wanted.includes(name)) await measure();
  }
}
