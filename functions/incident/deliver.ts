import { composeMessage } from '../core/messages/incident.ts';
import type { Message } from '../core/messages/message.ts';
import type { Links } from '../core/messages/sections.ts';
import { linkToReport, readRecord, type ReportLinks } from '../core/ports/incident-record.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { Incident } from '../core/record/incident.ts';
import type { NoticeAttempt } from '../core/record/notice.ts';

export interface DeliverDependencies {
  readonly store: Pick<IncidentStore, 'notices' | 'rounds' | 'acts' | 'approvals' | 'limits'>;
  readonly notifier: Notifier;
  readonly now: () => number;
  /** How links to reports are made; without it there are none. */
  readonly reportLinks?: ReportLinks | null;
}

/**
 * Sends the notices that are pending, and records each attempt. Returns those that did not go out: they stay pending,
 * and the reconciler tries them again. Never throws for a topic that fails.
 */
export async function deliverPending(incident: Incident, deps: DeliverDependencies): Promise<string[]> {
  if (incident.pendingNotices.length === 0) return [];
  const { id } = incident;
  const { store } = deps;
  const [{ acts, rounds, approvals, settledLimits }, links] = await Promise.all([
    readRecord(store, incident),
    linksFor(incident, deps),
  ]);
  const failures: string[] = [];
  for (const notice of incident.pendingNotices) {
    const details = { acts, rounds, approvals, settledLimits, links, now: deps.now() };
    const message = composeMessage(incident, notice, details);
    const error = await publishRecorded(id, notice, message, deps);
    if (error !== '') failures.push(`${notice}: ${error}`);
  }
  return failures;
}

/** The links that a message about an incident has. */
export async function linksFor(
  { id, call }: Incident,
  { reportLinks, store, now }: DeliverDependencies,
): Promise<Links> {
  // A person's call is on that person's machine.
  if (reportLinks == null || call !== null) return {};
  const report = await linkToReport(id, now(), reportLinks, store);
  return report === null ? {} : { report };
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
