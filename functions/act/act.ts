import { diagnose as readSnapshot } from '../core/diagnosis.ts';
import { countEnded } from '../core/ended.ts';
import { FenceLost } from '../core/errors.ts';
import { countBy } from '../core/count-by.ts';
import { HOUR_MS, countAgainstCaps, hasEffect, historyOf } from '../core/history.ts';
import type { Act, Incident, VictimRecord } from '../core/incident.ts';
import { isPlanned, type TierPlan } from '../core/plan.ts';
import { LEASE_MS, type IncidentStore, type WorkerClient } from '../core/ports.ts';
import { barToActing } from '../core/readiness.ts';
import { parseRequest } from '../core/request.ts';
import { sessionKey } from '../core/session.ts';
import { slotsTaken, type Snapshot } from '../core/snapshot.ts';
import type { Candidate } from '../core/tiers/tier.ts';
import type { TierName } from '../core/tiers/names.ts';
import { actRequest, type ActResult } from '../core/workflow.ts';
import type { Ending } from '../core/worker-protocol.ts';
import { describeCap, pickCap, setCap } from './set-cap.ts';

export interface ActDependencies {
  readonly store: IncidentStore;
  readonly worker: Pick<WorkerClient, 'snapshot' | 'end' | 'cap'>;
  readonly now: () => number;
}

/** How long after its snapshot an act may still end sessions; the grace for cancelled queries comes on top. */
const ACT_WINDOW_MS = 30_000;
/** Getting in must be quick here: Diagnose has just been in, and what it saw must not grow old. */
const PATIENCE_MS = 10_000;

/**
 * One act of one tier: looks anew, chooses from that very look, writes down whom it means to end, has them ended, writes
 * down what became of each. Where a limit on a user comes first, nobody is ended unless the server has it. Acts at most once a round. Throws FenceLost or ActRepeated before anything ends; a WorkerFault
 * leaves the act unfinished on record, and it counts in full until the next snapshot settles it.
 */
export async function act(payload: unknown, deps: ActDependencies): Promise<ActResult> {
  const { incidentId, round, tier } = parseRequest(actRequest, payload);
  const incident = await deps.store.incident(incidentId);
  if (incident?.status !== 'open') throw new FenceLost(incidentId);
  const { target } = incident;
  const held = (why: string): ActResult => ({ tier, round, held: why, counts: {} });

  await deps.store.holdFence(incident, deps.now() + LEASE_MS);
  const look = await deps.worker.snapshot(target.worker, {
    deadline: deps.now() + PATIENCE_MS + 20_000,
    patienceMs: PATIENCE_MS,
  });
  if (!look.ok) return held(`refused as ${look.refusal.kind}`);
  const seenAt = deps.now();

  const chosen = await chooseAct(incident, tier, look.snapshot, deps);
  if (typeof chosen === 'string') return held(chosen);
  const { victims } = chosen;

  // Read last, right before the act: a pause or a takeover that came while we looked must hold us back.
  const pause = await deps.store.pauseOf(target.id);
  if (pause) return held(`paused by ${pause.by}`);
  await deps.store.holdFence(incident, deps.now() + LEASE_MS);

  const started: Act = {
    incidentId,
    round,
    tier,
    startedAt: deps.now(),
    finishedAt: null,
    counted: victims.length,
    victims: victims.map(toRecord),
    cap: chosen.cap && { ...pickCap(chosen.cap), result: null, detail: '' },
  };
  await deps.store.startAct(target.id, started);
  await deps.store.change(incidentId, { firstActionAt: incident.firstActionAt ?? started.startedAt });

  const graceMs = target.policy.ages.cancelGraceSeconds * 1000;
  const deadline = seenAt + ACT_WINDOW_MS + graceMs;
  const cap = started.cap && (await setCap(incident, started.cap, deadline, deps));
  const isBarred = cap !== null && cap.result !== 'done';
  const ended = isBarred
    ? {
        endings: victims.map(({ session }) => notTried(session.identity, 'its user could not be limited')),
        held: describeCap(cap),
      }
    : await endVictims(target.worker, victims, { deadline, graceMs }, deps);
  const finished = finish({ ...started, cap }, ended.endings, deps.now());
  await deps.store.finishAct(target.id, finished);
  const counts = { ...countResults(finished.victims), ...(cap?.result === 'done' && { limited: 1 }) };
  await deps.store.change(incidentId, { endedCount: incident.endedCount + countEnded([finished]) });
  return { tier, round, held: ended.held, counts };
}

async function endVictims(
  worker: string,
  victims: readonly Candidate[],
  order: { readonly deadline: number; readonly graceMs: number },
  deps: ActDependencies,
): Promise<{ readonly endings: readonly Ending[]; readonly held: string | null }> {
  if (victims.length === 0) return { endings: [], held: null };
  const answer = await deps.worker.end(worker, {
    ...order,
    victims: victims.map(({ session, method, expect }) => ({ identity: session.identity, method, expect })),
  });
  if (answer.ok) return { endings: answer.endings, held: null };
  const why = `the worker was refused: ${answer.refusal.kind}`;
  return {
    endings: victims.map(({ session }) => notTried(session.identity, why)),
    held: `refused as ${answer.refusal.kind}`,
  };
}

/** What this tier would do by a fresh diagnosis, or why nothing. */
async function chooseAct(
  incident: Incident,
  tier: TierName,
  snapshot: Snapshot,
  { store, now }: ActDependencies,
): Promise<Pick<TierPlan, 'cap' | 'victims'> | string> {
  const { target } = incident;
  const bar = barToActing(snapshot);
  if (bar) return bar.why;
  const acts = await store.acts(incident.id);
  const history = historyOf(
    acts,
    await store.rounds(incident.id),
    slotsTaken(snapshot),
    await store.tallies(target.id, now() - HOUR_MS),
    await store.caps(target.id),
  );
  const { plan, pressing, usage } = readSnapshot(snapshot, target, history);
  // Once begun, an incident goes down to the relief level; before that a server under the trigger is left alone.
  if (!pressing && !acts.some(hasEffect))
    return `usage has come down to ${Math.round(usage)} % by itself and ordinary clients get in`;
  const own = plan.tiers.find((each) => each.tier === tier);
  if (own?.mode !== 'act') return `${tier} is in observe mode`;
  return isPlanned(own) ? own : 'a fresh look finds nobody to end';
}

function toRecord({ session, method, reason }: Candidate): VictimRecord {
  const { identity, user, application, database } = session;
  return { identity, user, application, database, method, reason, result: null, detail: '' };
}

function notTried(identity: Ending['identity'], why: string): Ending {
  return { identity, result: 'not-tried', detail: why };
}

/** A victim the worker says nothing about may have been ended, so it stays unknown and counts. */
function finish(started: Act, endings: readonly Ending[], at: number): Act {
  const byKey = new Map(endings.map((ending) => [sessionKey(ending.identity), ending]));
  const victims = started.victims.map((victim) => {
    const ending = byKey.get(sessionKey(victim.identity));
    return ending ? { ...victim, result: ending.result, detail: ending.detail } : victim;
  });
  return { ...started, victims, finishedAt: at, counted: countAgainstCaps(victims) };
}

function countResults(victims: readonly VictimRecord[]): Record<string, number> {
  return Object.fromEntries(countBy(victims, ({ result }) => result ?? 'unknown'));
}
