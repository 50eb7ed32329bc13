import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Approval } from '../core/record/approval.ts';
import type { Incident } from '../core/record/incident.ts';

export interface QuestionDependencies {
  readonly store: Pick<IncidentStore, 'approvals'>;
  readonly now: () => number;
}

/**
 * What people were asked in an incident, and what they said. A question that is still pending ends here: the workflow waits
 * for it no more, because its time has run out or because it broke off. An answer that came first stays.
 */
export async function endQuestions({ id }: Incident, { store, now }: QuestionDependencies): Promise<Approval[]> {
  const approvals = await store.approvals.of(id);
  return Promise.all(
    approvals.map(async (approval) => {
      if (approval.status !== 'pending') return approval;
      const at = now();
      const ended = at >= approval.expiresAt ? 'expired' : 'withdrawn';
      return (await store.approvals.end(approval, ended, at)) ?? approval;
    }),
  );
}
