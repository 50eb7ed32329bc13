import { composeMessage } from '../core/messages/incident.ts';
import type { Message } from '../core/messages/message.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { Incident } from '../core/record/incident.ts';
import type { NoticeAttempt } from '../core/record/notice.ts';

export interface DeliverDependencies {
  readonly store: Pick<IncidentStore, 'notices' | 'rounds' | 'acts' | 'approvals' | 'limits'>;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/**
 * Sends the notices that are pending, and records each attempt. Returns those that did not go out: they stay pending,
 * and the reconciler tries them again. Never throws for a topic that fails.
 */
export async function deliverPending(incident: Incident, deps: DeliverDependencies): Promise<string[]> {
  if (incident.pendingNotices.length === 0) return [];
  const { id } = incident;
  const { store } = deps;
  const [acts, rounds, approvals, settledLimits] = await Promise.all([
    store.acts.of(id),
    store.rounds.of(id),
    store.approvals.of(id),
    store.limits.settledOf(id),
  ]);
  const failures: string[] = [];
  for (const notice of incident.pendingNotices) {
    const message = composeMessage(incident, notice, { acts, rounds, approvals, settledLimits, now: deps.now() });
    const error = await publishRecorded(id, notice, message, deps);
    if (error !== '') failures.push(`${notice}: ${error}`);
  }
  return failures;
}

/** Publishes and records the attempt. Returns why it did not go out; empty when it did. */
export async function publishRecorded(
  incidentId: string,
  notice: NoticeAttempt['notice'],
  message: Message,
  { notifier, store, now }: DeliverDependencies,
): Promise<string> {
  const error = await notifier.publish(message).then(
    () => '',
    (thrown: unknown) => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)).slice(0, 300),
  );
  await store.notices.recordAttempt(incidentId, { notice, at: now(), delivered: error === '', error });
  return error;
}
