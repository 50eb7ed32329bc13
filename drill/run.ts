import type { Incident } from '../functions/core/record/incident.ts';
import { needPosix } from '../local/machine/posix.ts';
import { readResult } from '../local/runs/respond-result.ts';
import { createCleanup, type Cleanup } from './cleanup.ts';
import { runIncidents } from './incidents.ts';
import { countInnocent, summariseLoad, type DrillResult } from './outcome/drill-result.ts';
import { checkExpectation } from './outcome/expectation.ts';
import { prepare, type Rehearsal, type RehearsalOptions } from './rehearsal.ts';
import { scenarioOn, type Scenario } from './scenario/scenario.ts';
import { seeded } from './scenarios/seeded.ts';

interface DrillOptions extends RehearsalOptions {
  /** Ends the drill early; what was started is stopped all the same. */
  readonly signal: AbortSignal;
}

/** Rehearses one scenario on a server of its own. Throws when the rehearsal itself could not be held. */
export async function runDrill(general: Scenario, options: DrillOptions): Promise<DrillResult> {
  needPosix('the drill');
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
  const rehearsal = await prepare(scenario, options, cleanup);
  const incidents = await runIncidents(rehearsal);
  await rehearsal.watch.stop();
  const result = await summarise(rehearsal, incidents);
  await cleanup.run();
  return { ...result, totalSeconds: Math.round((Date.now() - startedAt) / 100) / 10 };
}

/** The result. Where there were several incidents the last one counts. */
async function summarise(
  rehearsal: Rehearsal,
  incidents: readonly Incident[],
): Promise<Omit<DrillResult, 'totalSeconds'>> {
  const { scenario, options, observed, server, loads } = rehearsal;
  const { store } = await observed.start();
  const summaries = await Promise.all(incidents.map(({ id }) => readResult(store, id, observed.notifications)));
  const [incident, summary] = [incidents.at(-1), summaries.at(-1)];
  if (incident === undefined || summary === undefined) throw new Error('there was no incident');
  const tallies = loads.map((load) => load.tally());
  const endedInnocent = countInnocent(
    summaries.flatMap(({ ended }) => ended),
    tallies,
  );
  const rounds = await store.rounds.of(incident.id);
  const facts = {
    incident,
    earlier: incidents.slice(0, -1),
    rounds,
    approvals: await store.approvals.of(incident.id),
    ended: summary.ended,
    loads: tallies,
    limits: await store.limits.settledOf(incident.id),
    limitedUsers: await server.limitedUsers(),
  };
  const expected = checkExpectation(scenario, facts, endedInnocent);
  return {
    ...summary,
    scenario: scenario.name,
    seed: options.seed,
    firstCause: rounds[0]?.cause?.name ?? null,
    wayIn: rounds[0]?.admission ?? 'no snapshot was tried',
    endedInnocent,
    loads: tallies.map(summariseLoad),
    expected,
    passed: expected.every(({ ok }) => ok),
  };
}
