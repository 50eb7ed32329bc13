import { setTimeout as sleep } from 'node:timers/promises';
import { createCleanup } from '../../drill/cleanup.ts';
import { startDrillServer } from '../../drill/drill-server.ts';
import { loadSpec } from '../../drill/loads/load-spec.ts';
import { startLoad, type Load } from '../../drill/loads/load.ts';
import { runDrill } from '../../drill/run.ts';
import type { Scenario } from '../../drill/scenarios/scenario.ts';
import { slotsOf, type ServerChoice } from '../../drill/server-choice.ts';
import { knock } from '../../drill/watch.ts';
import type { Remedy } from './remedies.ts';

/** What a remedy came to. Seconds from the alarm; null when relief did not come. */
export interface Outcome {
  readonly remedy: string;
  readonly reliefSeconds: number | null;
  readonly ended: number;
  readonly innocentEnded: number;
  /** Usage some seconds after the remedy had its time, in percent of usable slots. */
  readonly usageLater: number;
}

const RELIEF_PERCENT = 70;
const SAMPLES = 3;
const SPACING_MS = 500;
/** How long each remedy has. */
const TIME_MS = 15_000;

/** Headroom, in the drill as it is. */
export async function measureHeadroom(scenario: Scenario, server: ServerChoice): Promise<Outcome> {
  const result = await runDrill(scenario, {
    server,
    seed: 1,
    tell: () => undefined,
    show: () => undefined,
    signal: new AbortController().signal,
  });
  return {
    remedy: 'Headroom',
    reliefSeconds: result.reliefSeconds,
    ended: result.ended.filter(({ result: what }) => what === 'ended' || what === 'cancelled').length,
    innocentEnded: result.endedInnocent,
    usageLater: result.usageAfter ?? NaN,
  };
}

/** The same server, the same loads, something else at the alarm. Relief is measured as Headroom measures it. */
export async function measureRemedy(scenario: Scenario, choice: ServerChoice, remedy: Remedy): Promise<Outcome> {
  const cleanup = createCleanup();
  try {
    const slots = slotsOf(scenario, choice);
    const specs = scenario.loads
      .map((load) => loadSpec.parse(load))
      .filter(({ login }) => login !== 'reserved' || slots.hasReservedRole);
    const server = await startDrillServer(scenario, specs, choice);
    cleanup.add(() => server.stop());
    const loads: Load[] = [];
    for (const [index, spec] of specs.entries()) {
      const load = startLoad(choice.engine, spec, server.urlOf(spec), 1 + index);
      cleanup.add(() => load.stop());
      await load.ready;
      loads.push(load);
    }
    await sleep(scenario.ripenMs);
    for (const load of loads) load.alarm();

    const alarmAt = Date.now();
    const applied = remedy.apply(server);
    let good = 0;
    let reliefAt: number | null = null;
    let usage = 100;
    while (Date.now() - alarmAt < TIME_MS) {
      usage = (100 * (await server.countUsed())) / slots.usable;
      const isCalm = usage <= RELIEF_PERCENT && (await knock(choice, server.passerByUrl)) === 'open';
      good = isCalm ? good + 1 : 0;
      if (good === SAMPLES) reliefAt ??= Date.now();
      await sleep(SPACING_MS);
    }
    await applied;
    const tallies = loads.map((load) => load.tally());
    const lost = (label: string) =>
      tallies
        .filter(({ spec }) => spec.label === label)
        .reduce(
          (sum, { sessions, cancelled }) =>
            sum + sessions.filter(({ end }) => end === 'lost').length + cancelled.length,
          0,
        );
    return {
      remedy: remedy.name,
      reliefSeconds: reliefAt === null ? null : (reliefAt - alarmAt) / 1000,
      ended: lost('guilty') + lost('innocent'),
      innocentEnded: lost('innocent'),
      usageLater: usage,
    };
  } finally {
    await cleanup.run();
  }
}
