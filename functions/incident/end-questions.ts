import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Incident } from '../core/record/incident.ts';

export interface QuestionDependencies {
  readonly store: Pick<IncidentStore, 'approvals'>;
  readonly now: () => number;
}

/**
 * Ends every question of an incident that is still pending: the workflow no longer waits for it, because its time has
 * run out or the workflow broke off. An answer that came first stays.
 */
export async function endQuestions({ id }: Incident, { store, now }: QuestionDependencies): Promise<void> {
  const pending = (await store.approvals.of(id)).filter(({ status }) => status === 'pending');
  await Promise.all(
    pending.map((approval) => {
      const at = now();
      return store.approvals.end(approval, at >= approval.expiresAt ? 'expired' : 'withdrawn', at);
    }),
  );
}
