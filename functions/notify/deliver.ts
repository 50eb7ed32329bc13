import type { Incident } from '../core/incident.ts';
import { composeMessage } from '../core/message.ts';
import type { IncidentStore, Notifier } from '../core/ports.ts';

export interface DeliverDependencies {
  readonly store: IncidentStore;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/**
 * Sends what the incident still owes people, and notes each attempt. Returns the notices that did not go out: they stay
 * pending, and the reconciler tries them again. Never throws for a topic that fails.
 */
export async function deliverPending(incident: Incident, deps: DeliverDependencies): Promise<string[]> {
  if (incident.pendingNotices.length === 0) return [];
  const { store } = deps;
  const [acts, rounds, settledCaps] = await Promise.all([
    store.acts(incident.id),
    store.rounds(incident.id),
    store.settledCaps(incident.id),
  ]);
  const failures: string[] = [];
  for (const notice of incident.pendingNotices) {
    const message = composeMessage(incident, notice, { acts, rounds, settledCaps, now: deps.now() });
    const error = await deps.notifier.publish(message).then(
      () => '',
      (thrown: unknown) =>
        (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)).slice(0, 300),
    );
    await store.noticed(incident.id, { notice, at: deps.now(), delivered: error === '', error });
    if (error !== '') failures.push(`${notice}: ${error}`);
  }
  return failures;
}
