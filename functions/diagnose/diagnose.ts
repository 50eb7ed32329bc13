import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { FenceLost } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { diagnoseRequest, type DiagnoseResult } from '../core/protocol/steps.ts';
import type { WorkerRefused } from '../core/protocol/worker.ts';
import { describeWait } from '../core/server/admission.ts';
import { judgeAfterPage } from '../core/verdict/after-page.ts';
import { judgeRefusal } from '../core/verdict/verdict.ts';
import { endQuestions } from '../incident/end-questions.ts';
import { conclude, type ConcludeDependencies, type Findings } from './conclude.ts';
import { examine, type ExamineDependencies } from './examine.ts';
import { readSituation, type SituationDependencies } from './read-situation.ts';

export interface DiagnoseDependencies extends ExamineDependencies {
  readonly store: SituationDependencies['store'] & ConcludeDependencies['store'] & ExamineDependencies['store'];
  readonly worker: ExamineDependencies['worker'] & Pick<WorkerClient, 'snapshot'>;
}

/** Waking a reclaimed VPC function takes up to about 90 s; the wait for a freed slot comes on top. */
const WAKE_MS = 120_000;

/**
 * One round: gets in, finds the cause, plans, decides what comes next, and writes all of it to the record. Ends
 * nothing. Throws FenceLost when the incident no longer holds its target, WorkerFault when the worker itself failed.
 */
export async function diagnose(payload: unknown, deps: DiagnoseDependencies): Promise<DiagnoseResult> {
  const { store, worker, now } = deps;
  const { incidentId } = parseRequest(diagnoseRequest, payload);
  const incident = await store.incidents.byId(incidentId);
  if (incident?.status !== 'open') throw new FenceLost(incidentId);
  await store.incidents.holdFence(incident, now() + LEASE_MS);

  // Before the snapshot: an answer is followed by a snapshot, and none comes in during it.
  await endQuestions(incident, deps);
  const { target } = incident;
  const patienceMs = target.policy.loop.patienceSeconds * 1000;
  const answer = await worker.snapshot(target, { deadline: now() + patienceMs + WAKE_MS, patienceMs });
  if (answer.ok) {
    const { verdict, found, onRecord } = await examine(incident, answer, deps);
    return conclude(verdict, found, onRecord, deps);
  }
  const onRecord = await readSituation(incident, null, deps);
  const { situation } = onRecord;
  const found = findingsOfRefusal(answer);
  const look = { snapshot: null, pressing: found.isPressing, soon: null };
  const verdict = judgeAfterPage(judgeRefusal(answer.refusal, answer.waitedMs, situation), look, situation);
  return conclude(verdict, found, onRecord, deps);
}

function findingsOfRefusal({ refusal, attempts, waitedMs }: WorkerRefused): Findings {
  const isFull = refusal.kind === 'full';
  return {
    round: {
      canary: 'not asked',
      admission: `refused as ${refusal.kind} after ${attempts} tries in ${describeWait(waitedMs)}`,
    },
    refused: isFull ? attempts : 0,
    isPressing: isFull,
  };
}
