import type { TargetSettings } from '../functions/core/policy/target.ts';
import type { HeadroomConfig } from '../lib/config/schema.ts';
import { toTargetSettings } from '../lib/config/settings.ts';
import type { AskPerson } from '../local/runs/approver.ts';
import { observeRuntime, type ObservedRuntime } from '../local/runs/observed-runtime.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import type { Line } from '../local/terminal/narrator.ts';
import { answering } from './answers.ts';
import type { Cleanup } from './cleanup.ts';
import { drillConfig, drillEnvironment } from './config.ts';
import { fillServer, loadSpecsOf } from './fill-server.ts';
import type { LoadSpec } from './loads/load-spec.ts';
import type { Load } from './loads/load.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { DrillServer } from './target/drill-server.ts';
import type { FirstSnapshot } from './target/first-snapshot.ts';
import { slotsOf, type ServerChoice, type Slots } from './target/server-choice.ts';
import { startDrillServer } from './target/start-server.ts';
import { createUsageWatch, type UsageReading, type UsageWatch } from './target/usage-watch.ts';

export interface RehearsalOptions {
  readonly server: ServerChoice;
  /** The same seed gives the scenario the same counts, names and timings, and the loads the same habits. */
  readonly seed: number;
  /** Who answers questions instead of the scenario. */
  readonly person?: AskPerson | undefined;
  /** Called with everything that happens, as it happens. */
  readonly onLine: (line: Line) => void;
  /** Tells every look in full, in place of what has changed. */
  readonly verbose?: boolean;
  /** Shown every reading of the server; usable: slots for ordinary clients. */
  readonly show: (reading: UsageReading, usable: number) => void;
  /** Shown what the first diagnosis is about to see, which takes a snapshot of its own. */
  readonly onFirstSnapshot?: (first: FirstSnapshot) => void;
}

/** A scenario whose server runs, ready to be filled. */
export interface Rehearsal {
  readonly scenario: Scenario;
  readonly options: RehearsalOptions;
  readonly slots: Slots;
  readonly specs: readonly LoadSpec[];
  readonly settings: TargetSettings;
  readonly server: DrillServer;
  /** Not started yet. */
  readonly observed: ObservedRuntime;
  readonly watch: UsageWatch;
  /** All that have been started so far. */
  readonly loads: readonly Load[];
  /** Starts loads one after the other, each when the one before it has all its sessions. */
  fill(specs: readonly LoadSpec[]): Promise<readonly Load[]>;
}

/** Starts the scenario's server. The same cleanup undoes what is started later. */
export async function prepare(scenario: Scenario, options: RehearsalOptions, cleanup: Cleanup): Promise<Rehearsal> {
  const { onLine, verbose = false, show } = options;
  const slots = slotsOf(scenario, options.server);
  const specs = loadSpecsOf(scenario.loads, slots);
  const lateSpecs = loadSpecsOf(scenario.lateLoads ?? [], slots);
  const config = drillConfig(scenario, options.server);
  // Takes seconds in a process of its own; the runtime finds the result.
  synthesize(config).catch(() => undefined);
  const server = await startDrillServer(scenario, [...specs, ...lateSpecs], options.server);
  cleanup.add(() => server.stop());
  onLine({ at: Date.now(), kind: 'state', text: `${server.title} with ${slots.usable} usable slots` });

  const loads: Load[] = [];
  const fill = async (wanted: readonly LoadSpec[]): Promise<readonly Load[]> => {
    const started = await fillServer(wanted, server, { ...options, cleanup });
    loads.push(...started);
    return started;
  };
  let late: readonly Load[] = [];
  const observed = observeRuntime(
    { config, environment: drillEnvironment(server), recordsFolder: null },
    {
      onLine,
      verbose,
      person: answering(scenario, options, {
        begin: async () => {
          late = await fill(lateSpecs);
        },
        end: async () => {
          await Promise.all(late.map((load) => load.leave()));
        },
      }),
      onStarted: (runtime) => cleanup.add(() => runtime.stop()),
    },
  );
  const watch = createUsageWatch(server, (reading) => show(reading, slots.usable));
  cleanup.add(() => watch.stop());
  return { scenario, options, slots, specs, settings: toSettings(config), server, observed, watch, loads, fill };
}

function toSettings(config: HeadroomConfig): TargetSettings {
  const [target] = config.targets;
  if (target === undefined) throw new Error('the configuration of the drill has no target');
  return toTargetSettings(config, target);
}
