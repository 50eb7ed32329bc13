import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Outcome } from '../core/protocol/steps.ts';
import type { Incident } from '../core/record/incident.ts';
import type { Notice } from '../core/record/notice.ts';
import { endQuestions } from './end-questions.ts';
import { liftLimits, type LiftDependencies } from './lift-limits.ts';

export interface CloseDependencies extends LiftDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'approvals' | 'limits'>;
}

const NOTICE_OF: Readonly<Record<Exclude<Outcome, 'escalated'>, Notice>> = {
  relieved: 'resolved',
  'not-needed': 'resolved',
  observed: 'observed',
  failed: 'failed',
  done: 'done',
  interrupted: 'interrupted',
};

/**
 * Closes an incident. A question that still waits is withdrawn. A limit that cannot be lifted does not keep the
 * incident open: it stays on record, a person is paged, and the reconciler goes on trying. The page of an escalation
 * has gone out or is pending already; every other outcome owes its own notice.
 */
export async function closeIncident(
  incidentId: string,
  outcome: Outcome,
  failure: Incident['failure'],
  deps: CloseDependencies,
): Promise<Incident> {
  const { store, now } = deps;
  const incident = await store.incidents.byId(incidentId);
  if (incident?.status === 'open') {
    // Of a workflow that died: the link then leads to a page that says so.
    await endQuestions(incident, deps);
    const limits = await store.limits.of(incident.target.id);
    const own = limits.filter((limit) => limit.incidentId === incidentId);
    await liftLimits(incident.target, own, deps);
  }
  const notice = outcome === 'escalated' ? null : NOTICE_OF[outcome];
  return store.incidents.close(incidentId, { outcome, at: now(), failure, notice });
}
