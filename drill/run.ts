import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetSettings } from '../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../functions/core/protocol/alarm-event.ts';
import type { Incident } from '../functions/core/record/incident.ts';
import type { EngineName } from '../functions/core/server/snapshot.ts';
import { toTargetSettings, type HeadroomConfig } from '../lib/config/config.ts';
import { raiseAlarm } from '../local/runs/alarm-run.ts';
import type { AskPerson } from '../local/runs/approver.ts';
import { readResult } from '../local/runs/result.ts';
import type { LocalRuntime } from '../local/runtime/runtime.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import type { Line } from '../local/terminal/narrator.ts';
import { answering } from './answers.ts';
import { createCleanup, type Cleanup } from './cleanup.ts';
import { drillConfig, TARGET_ID } from './config.ts';
import { loadSpec, type LoadSpec } from './loads/load-spec.ts';
import { startLoad, type Load } from './loads/load.ts';
import { observeRuntime } from './observed-runtime.ts';
import { checkExpectation } from './outcome/expectation.ts';
import { countInnocent, summariseLoad, type DrillResult } from './outcome/result.ts';
import { scenarioOn, type Scenario } from './scenario/scenario.ts';
import { seeded } from './scenarios/seeded.ts';
import { startDrillServer } from './stage/drill-server.ts';
import { lookFirst, type FirstLook } from './stage/first-look.ts';
import { confirmRefused, REFUSED } from './stage/refused.ts';
import { startSampler } from './stage/sampler.ts';
import { slotsOf, type ServerChoice } from './stage/server-choice.ts';
import type { DrillServer } from './stage/shop.ts';
import { createWatch, type Look } from './stage/watch.ts';

export interface DrillOptions {
  readonly server: ServerChoice;
  /** The same seed gives the scenario the same counts, names and timings, and the loads the same habits. */
  readonly seed: number;
  /** Who answers questions in the place of the scenario's own answers. */
  readonly person?: AskPerson | undefined;
  /** Told of everything that happens, as it happens. */
  readonly tell: (line: Line) => void;
  /** Told of every look at the server; usable: slots for ordinary clients. */
  readonly show: (look: Look, usable: number) => void;
  /** Shown what the first diagnosis is about to see, which takes a look of its own. */
  readonly onFirstLook?: (look: FirstLook) => void;
  /** Ends the drill early; what was started is stopped all the same. */
  readonly signal: AbortSignal;
}

/** Longer than any scenario's policy lets an incident last. */
const LONGEST_MS = 120_000;
/** How much younger a session may look than it is: some ages are told in whole seconds, cut off. */
const AGE_ERROR_MS = { postgres: 0, mysql: 2_000, mariadb: 2_000 } as const satisfies Record<EngineName, number>;

/** Rehearses one scenario on a server of its own. Throws when the rehearsal itself could not be held. */
export async function runDrill(general: Scenario, options: DrillOptions): Promise<DrillResult> {
  const scenario = seeded(scenarioOn(general, options.server.engine), options.seed);
  const cleanup = createCleanup();
  const interrupted = new Promise<never>((_, reject) => {
    const stop = () => reject(new Error('the drill was interrupted'));
    if (options.signal.aborted) stop();
    options.signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([rehearse(scenario, options, cleanup), interrupted]);
  } finally {
    await cleanup.run();
  }
}

async function rehearse(scenario: Scenario, options: DrillOptions, cleanup: Cleanup): Promise<DrillResult> {
  const startedAt = Date.now();
  const say = (kind: Line['kind'], text: string) => options.tell({ at: Date.now(), kind, text });
  const slots = slotsOf(scenario, options.server);
  const specsOf = (inputs: Scenario['loads']) =>
    inputs.map((load) => loadSpec.parse(load)).filter(({ login }) => login !== 'reserved' || slots.hasReservedRole);
  const specs = specsOf(scenario.loads);
  const lateSpecs = specsOf(scenario.lateLoads ?? []);

  const config = drillConfig(scenario, options.server);
  const settings = toSettings(config);
  // Takes seconds in a process of its own; the runtime finds it done.
  synthesize(config).catch(() => undefined);
  const server = await startDrillServer(scenario, [...specs, ...lateSpecs], options.server);
  cleanup.add(() => server.stop());
  say('state', `${server.title} with ${slots.usable} usable slots`);

  const loads: Load[] = [];
  const lateLoads: Load[] = [];
  const person = answering(scenario, options, {
    async begin() {
      lateLoads.push(...(await fillServer(lateSpecs, server, options, cleanup)));
      loads.push(...lateLoads);
    },
    async end() {
      await Promise.all(lateLoads.map((load) => load.leave()));
    },
  });
  const stage = observeRuntime(config, server, { tell: options.tell, person }, cleanup);
  const watch = createWatch(server, (look) => options.show(look, slots.usable));
  cleanup.add(() => watch.stop());

  const incidents: Incident[] = [];
  const last = specs.slice(-1);
  for (const filling of [specs, ...Array.from({ length: scenario.repeats ?? 0 }, () => last)]) {
    const isWatched = scenario.isWarm !== false || !slots.letsResponderIn;
    const sampler = isWatched ? await startSampler(await stage.start(), settings) : null;
    loads.push(...(await fillServer(filling, server, options, cleanup)));
    await confirmRefused(scenario, specs, server);
    say('bad', REFUSED[scenario.refused]);
    watch.start();
    const ripe = sleep(scenario.ripenMs + AGE_ERROR_MS[options.server.engine]);
    const runtime = await stage.start();
    await ripe;
    await sampler?.stop();
    await scenario.before?.(runtime.store);
    if (incidents.length === 0) options.onFirstLook?.(await lookFirst(runtime, settings));

    say('state', 'Alarm: DatabaseConnections is over its threshold');
    for (const load of loads) load.alarm();
    incidents.push(await runIncident(runtime, settings));
    await stage.caughtUp();
  }
  await watch.stop();

  const { store } = await stage.start();
  const summaries = await Promise.all(incidents.map(({ id }) => readResult(store, id, stage.notifications)));
  const [incident, summary] = [incidents.at(-1), summaries.at(-1)];
  if (incident === undefined || summary === undefined) throw new Error('there was no incident');
  const tallies = loads.map((load) => load.tally());
  const endedInnocent = countInnocent(
    summaries.flatMap(({ ended }) => ended),
    tallies,
  );
  const rounds = await store.rounds(incident.id);
  const facts = {
    incident,
    earlier: incidents.slice(0, -1),
    rounds,
    approvals: await store.approvals(incident.id),
    ended: summary.ended,
    loads: tallies,
    caps: await store.settledLimits(incident.id),
    limitedUsers: await server.limitedUsers(),
  };
  const expected = checkExpectation(scenario, facts, endedInnocent);
  await cleanup.run();
  return {
    ...summary,
    scenario: scenario.name,
    seed: options.seed,
    firstCause: rounds[0]?.cause?.name ?? null,
    wayIn: rounds[0]?.admission ?? 'it never looked',
    endedInnocent,
    loads: tallies.map(summariseLoad),
    expected,
    passed: expected.every(({ ok }) => ok),
    totalSeconds: Math.round((Date.now() - startedAt) / 100) / 10,
  };
}

/** Starts loads one after the other, each when the one before it has all its sessions. */
export async function fillServer(
  specs: readonly LoadSpec[],
  server: DrillServer,
  { seed, tell }: Pick<DrillOptions, 'seed' | 'tell'>,
  cleanup: Cleanup,
): Promise<Load[]> {
  const loads: Load[] = [];
  for (const [index, spec] of specs.entries()) {
    const load = startLoad(server.choice.engine, spec, server.urlOf(spec), seed + index);
    cleanup.add(() => load.stop());
    loads.push(load);
    await load.ready;
    tell({
      at: Date.now(),
      kind: 'detail',
      text: `${spec.name}: ${load.tally().sessions.length} sessions (${spec.label})`,
    });
  }
  return loads;
}

/** From the alarm to the end of the workflow. */
async function runIncident(runtime: LocalRuntime, settings: TargetSettings): Promise<Incident> {
  const event = makeAlarmEvent({
    settings,
    at: Date.now(),
    reason: 'Threshold Crossed: the drill has filled the server',
  });
  const answer = await raiseAlarm(runtime, TARGET_ID, event);
  if ('reason' in answer) throw new Error(`the alarm opened no incident (${answer.result}): ${answer.reason}`);
  const { incidentId } = answer;
  const late = new AbortController();
  const tooLong = sleep(LONGEST_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`the workflow of ${incidentId} did not end within ${LONGEST_MS / 1000} s`);
  });
  try {
    await Promise.race([runtime.executionEnded(incidentId), tooLong]);
  } finally {
    late.abort();
    tooLong.catch(() => undefined);
  }
  const incident = await runtime.store.incident(incidentId);
  if (incident === null) throw new Error(`incident ${incidentId} has vanished`);
  return incident;
}

function toSettings(config: HeadroomConfig): TargetSettings {
  const [target] = config.targets;
  if (target === undefined) throw new Error('the configuration of the drill has no target');
  return toTargetSettings(config, target);
}
