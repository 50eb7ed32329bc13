import { setTimeout as sleep } from 'node:timers/promises';
import { createCleanup } from '../../drill/cleanup.ts';
import { fillServer, loadSpecsOf } from '../../drill/fill-server.ts';
import { summariseLoad, type LoadResult } from '../../drill/outcome/drill-result.ts';
import { runDrill } from '../../drill/run.ts';
import type { Scenario } from '../../drill/scenario/scenario.ts';
import { slotsOf, type ServerChoice } from '../../drill/target/server-choice.ts';
import { startDrillServer } from '../../drill/target/start-server.ts';
import { tryLogin } from '../../drill/target/usage-watch.ts';
import type { Remedy } from './remedies.ts';

/** The result of a remedy. */
export interface Outcome {
  readonly remedy: string;
  /** Seconds from the alarm to the third good reading; null when relief did not come. */
  readonly reliefSeconds: number | null;
  /** It has paged a person. */
  readonly paged: boolean;
  /** Sessions that clients lost, or whose query was cancelled, as the clients themselves count. */
  readonly ended: number;
  readonly innocentEnded: number;
  /** Errors that clients saw: sessions lost, queries failed. */
  readonly clientErrors: number;
  /** Whether usage stayed under the trigger for a minute after relief; null without relief. */
  readonly held: boolean | null;
  /** Usage at the end of that minute, in percent of usable slots. */
  readonly usageLater: number;
}

const TRIGGER_PERCENT = 85;
const RELIEF_PERCENT = 70;
const SAMPLES = 3;
const SPACING_MS = 500;
/** How long each remedy has to bring relief, and how long relief is watched. */
const TIME_MS = 20_000;
const HOLD_SECONDS = 60;
/** The same habits of the loads for all, without any output. */
const QUIETLY = { seed: 1, onLine: () => undefined } as const;

/** Headroom, in the ordinary drill, except that it watches relief for a minute. */
export async function measureHeadroom(scenario: Scenario, server: ServerChoice): Promise<Outcome> {
  const loop = { ...scenario.policy.loop, holdSeconds: HOLD_SECONDS, watchSeconds: 10, maxMinutes: 3 };
  const result = await runDrill(
    { ...scenario, policy: { ...scenario.policy, loop } },
    {
      server,
      ...QUIETLY,
      show: () => undefined,
      signal: new AbortController().signal,
    },
  );
  const { reliefSeconds } = result;
  return {
    remedy: 'Headroom',
    reliefSeconds,
    paged: result.outcome === 'escalated',
    ...countLosses(result.loads),
    held: reliefSeconds === null ? null : result.outcome === 'relieved',
    // At the end of the watch: when the incident closes, what it has limited is free again.
    usageLater: result.usageAfter ?? NaN,
  };
}

/** The same server, the same loads, something else at the alarm. Relief is measured as Headroom measures it. */
export async function measureRemedy(scenario: Scenario, choice: ServerChoice, remedy: Remedy): Promise<Outcome> {
  const cleanup = createCleanup();
  try {
    const slots = slotsOf(scenario, choice);
    const specs = loadSpecsOf(scenario.loads, slots);
    const server = await startDrillServer(scenario, specs, choice);
    cleanup.add(() => server.stop());
    const loads = await fillServer(specs, server, { ...QUIETLY, cleanup });
    await sleep(scenario.ripenMs);
    for (const load of loads) load.alarm();

    const alarmAt = Date.now();
    // A remedy that is not let in has done nothing, which is an outcome too.
    const applied = remedy.apply(server).then(
      () => '',
      (error: unknown) => (/too many (clients|connections)/i.test(String(error)) ? ' (not let in)' : ' (failed)'),
    );
    let good = 0;
    let reliefAt: number | null = null;
    let highest = 0;
    let usage = 100;
    while (Date.now() < (reliefAt === null ? alarmAt + TIME_MS : reliefAt + 1000 * HOLD_SECONDS)) {
      usage = (100 * (await server.countUsed())) / slots.usable;
      const isCalm = usage <= RELIEF_PERCENT && (await tryLogin(choice, server.passerByUrl)) === 'admitted';
      good = isCalm ? good + 1 : 0;
      if (good === SAMPLES) reliefAt ??= Date.now();
      if (reliefAt !== null) highest = Math.max(highest, usage);
      await sleep(SPACING_MS);
    }
    const trouble = await applied;
    return {
      remedy: remedy.name + trouble,
      reliefSeconds: reliefAt === null ? null : (reliefAt - alarmAt) / 1000,
      paged: false,
      ...countLosses(loads.map((load) => summariseLoad(load.tally()))),
      held: reliefAt === null ? null : highest < TRIGGER_PERCENT,
      usageLater: usage,
    };
  } finally {
    await cleanup.run();
  }
}

function countLosses(loads: readonly LoadResult[]): Pick<Outcome, 'ended' | 'innocentEnded' | 'clientErrors'> {
  const total = (of: (load: LoadResult) => number) => loads.reduce((sum, load) => sum + of(load), 0);
  const ended = ({ lost, cancelled }: LoadResult) => lost + cancelled;
  return {
    ended: total(ended),
    innocentEnded: total((load) => (load.label === 'innocent' ? ended(load) : 0)),
    clientErrors: total(({ errors }) => Object.values(errors).reduce((sum, count) => sum + count, 0)),
  };
}
