import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetSettings } from '../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../functions/core/protocol/alarm-event.ts';
import type { Incident } from '../functions/core/record/incident.ts';
import type { EngineName } from '../functions/core/server/snapshot.ts';
import { raiseAlarm } from '../local/runs/alarm-run.ts';
import type { LocalRuntime } from '../local/runtime/runtime.ts';
import type { Line } from '../local/terminal/narrator.ts';
import type { LoadSpec } from './loads/load-spec.ts';
import type { Rehearsal } from './rehearsal.ts';
import { takeFirstSnapshot } from './target/first-snapshot.ts';
import { confirmRefused, REFUSED } from './target/refused.ts';
import { startSampler } from './target/sampler.ts';

/** Longer than any scenario's policy lets an incident last. */
const LONGEST_MS = 120_000;
/** How much younger a session may look than it is: some servers report ages in whole seconds, cut off. */
const AGE_ERROR_MS = { postgres: 0, mysql: 2_000, mariadb: 2_000 } as const satisfies Record<EngineName, number>;

/**
 * The incidents of a rehearsal, in order. Each begins when the server has been filled, later ones when it has been
 * filled again.
 */
export async function runIncidents(rehearsal: Rehearsal): Promise<readonly Incident[]> {
  const { scenario, specs, settings, options } = rehearsal;
  const again = Array.from({ length: scenario.repeats ?? 0 }, () => specs.slice(-1));
  const incidents: Incident[] = [];
  for (const filling of [specs, ...again]) {
    const runtime = await fillAndRipen(rehearsal, filling);
    if (incidents.length === 0) options.onFirstSnapshot?.(await takeFirstSnapshot(runtime, settings));
    incidents.push(await runIncident(rehearsal, runtime));
  }
  return incidents;
}

/** Fills the server and leaves its sessions alone until they are as old as the scenario wants them. */
async function fillAndRipen(rehearsal: Rehearsal, filling: readonly LoadSpec[]): Promise<LocalRuntime> {
  const { scenario, specs, settings, slots, server, observed, watch, options } = rehearsal;
  const isWatched = scenario.isWarm !== false || !slots.letsResponderIn;
  const sampler = isWatched ? await startSampler(await observed.start(), settings) : null;
  await rehearsal.fill(filling);
  await confirmRefused(scenario, specs, server);
  say(rehearsal, 'bad', REFUSED[scenario.refused]);
  watch.start();
  const ripe = sleep(scenario.ripenMs + AGE_ERROR_MS[options.server.engine]);
  const runtime = await observed.start();
  await ripe;
  await sampler?.stop();
  await scenario.before?.(runtime.store);
  return runtime;
}

/** From the alarm to the end of the workflow. */
async function runIncident(rehearsal: Rehearsal, runtime: LocalRuntime): Promise<Incident> {
  say(rehearsal, 'state', 'Alarm: DatabaseConnections is over its threshold');
  for (const load of rehearsal.loads) load.alarm();
  const incidentId = await openIncident(runtime, rehearsal.settings);
  await untilEnded(runtime, incidentId);
  const incident = await runtime.store.incidents.byId(incidentId);
  if (incident === null) throw new Error(`incident ${incidentId} has vanished`);
  await rehearsal.observed.caughtUp();
  return incident;
}

async function openIncident(runtime: LocalRuntime, settings: TargetSettings): Promise<string> {
  const reason = 'Threshold Crossed: the drill has filled the server';
  const answer = await raiseAlarm(runtime, settings.id, makeAlarmEvent({ settings, at: Date.now(), reason }));
  if ('incidentId' in answer) return answer.incidentId;
  throw new Error(`the alarm opened no incident (${answer.result}): ${answer.reason}`);
}

async function untilEnded(runtime: LocalRuntime, incidentId: string): Promise<void> {
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
}

function say({ options }: Rehearsal, kind: Line['kind'], text: string): void {
  options.onLine({ at: Date.now(), kind, text });
}
