import type { Candidate } from '../core/plan/tiers/tier.ts';
import { rehearsedId } from '../core/rehearsal/rehearsal.ts';
import type { ActKind } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient, WorkerServer } from '../core/ports/worker-client.ts';
import type { Ending } from '../core/protocol/worker.ts';
import { countEnded, type Act, type VictimRecord } from '../core/record/act.ts';
import { countAgainstBudgets } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import { sessionKey } from '../core/server/session.ts';
import type { Refusal } from '../core/server/snapshot.ts';
import { countBy } from '../core/words/count-by.ts';
import { pickLimit, setLimit, type LimitOrder } from './set-limit.ts';

export interface CarryOutDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'acts' | 'limits'>;
  readonly worker: Pick<WorkerClient, 'end' | 'limit'>;
  readonly now: () => number;
}

export interface ActOrder {
  readonly round: number;
  readonly tier: ActKind;
  /** The limit that must be set before a session is ended; null for none. */
  readonly limit: LimitOrder | null;
  readonly victims: readonly Candidate[];
  /** When the snapshot arrived that they were chosen from. */
  readonly seenAt: number;
}

export interface CarriedOut {
  readonly act: Act;
  /** How many victims had which result. */
  readonly counts: Readonly<Record<string, number>>;
  /** Why nothing was tried; null when the worker got in. */
  readonly refusal: Refusal | null;
}

/** How long after its snapshot an act may still end sessions; the grace for cancelled queries comes on top. */
const ACT_WINDOW_MS = 30_000;

/**
 * From the order to its results: holds the fence, records the sessions to be ended, has them ended, and records the
 * result of each. Where a limit on a user comes first, no session is ended unless the server has the limit. Throws
 * FenceLost or ActRepeated before anything ends; a WorkerFault leaves the act unfinished on record.
 */
export async function carryOut(
  incident: Incident,
  { round, tier, limit, victims, seenAt }: ActOrder,
  deps: CarryOutDependencies,
): Promise<CarriedOut> {
  const { store, now } = deps;
  const { id, target } = incident;
  if (rehearsedId(target.id) !== null) throw new Error(`${id} is a rehearsal: it ends nobody and limits nobody`);
  await store.incidents.holdFence(incident, now() + LEASE_MS);
  const started: Act = {
    incidentId: id,
    round,
    tier,
    startedAt: now(),
    finishedAt: null,
    counted: victims.length,
    victims: victims.map(toRecord),
    limit: limit && { ...pickLimit(limit), result: null, detail: '' },
  };
  await store.acts.start(target.id, started);
  await store.incidents.change(id, { firstActionAt: incident.firstActionAt ?? started.startedAt });

  const graceMs = target.policy.ages.cancelGraceSeconds * 1000;
  const order = { deadline: seenAt + ACT_WINDOW_MS + graceMs, graceMs };
  const set = started.limit && (await setLimit(incident, started.limit, order.deadline, deps));
  const isLimitMissing = set !== null && set.result !== 'done';
  const { endings, refusal } = isLimitMissing
    ? { endings: victims.map((victim) => notTried(victim, 'its user could not be limited')), refusal: null }
    : await endVictims(target, victims, order, deps);
  const finished = finish({ ...started, limit: set }, endings, now());
  await store.acts.finish(target.id, finished);
  await store.incidents.change(id, { endedCount: incident.endedCount + countEnded([finished]) });
  const counts = Object.fromEntries(countBy(finished.victims, ({ result }) => result ?? 'unknown'));
  return { act: finished, counts: set?.result === 'done' ? { ...counts, limited: 1 } : counts, refusal };
}

async function endVictims(
  target: WorkerServer,
  victims: readonly Candidate[],
  order: { readonly deadline: number; readonly graceMs: number },
  { worker }: CarryOutDependencies,
): Promise<{ readonly endings: readonly Ending[]; readonly refusal: Refusal | null }> {
  if (victims.length === 0) return { endings: [], refusal: null };
  const answer = await worker.end(target, {
    ...order,
    victims: victims.map(({ session, method, expect }) => ({ identity: session.identity, method, expect })),
  });
  if (answer.ok) return { endings: answer.endings, refusal: null };
  const { refusal } = answer;
  return { endings: victims.map((victim) => notTried(victim, `the worker was refused: ${refusal.kind}`)), refusal };
}

function toRecord({ session, method, reason }: Candidate): VictimRecord {
  const { identity, user, application, database, client, connectedMs } = session;
  return { identity, user, application, database, client, connectedMs, method, reason, result: null, detail: '' };
}

function notTried({ session }: Candidate, why: string): Ending {
  return { identity: session.identity, result: 'not-tried', detail: why };
}

/** A victim that the worker does not mention may have been ended, so it stays unknown and counts. */
function finish(started: Act, endings: readonly Ending[], at: number): Act {
  const byKey = new Map(endings.map((ending) => [sessionKey(ending.identity), ending]));
  const victims = started.victims.map((victim) => {
    const ending = byKey.get(sessionKey(victim.identity));
    return ending ? { ...victim, result: ending.result, detail: ending.detail } : victim;
  });
  return { ...started, victims, finishedAt: at, counted: countAgainstBudgets(victims) };
}
