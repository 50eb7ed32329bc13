import { composeMessage } from '../core/messages/incident.ts';
import type { Links, Message } from '../core/messages/message.ts';
import { linkToReport, readRecord, type ReportLinks } from '../core/ports/incident-record.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import { rehearsedId } from '../core/rehearsal/rehearsal.ts';
import type { Incident } from '../core/record/incident.ts';
import { isRepeat, type Notice, type NoticeAttempt } from '../core/record/notice.ts';
import { LOOK_BACK_MS, newestLook, type NewestLook } from '../core/sampler/newest-look.ts';
import { inTimeOr } from './in-time.ts';

export interface DeliverDependencies {
  readonly store: Pick<IncidentStore, 'notices' | 'rounds' | 'acts' | 'approvals' | 'limits' | 'samples'>;
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
  const [{ acts, rounds, approvals, settledLimits }, look, links] = await Promise.all([
    readRecord(store, incident),
    lookFor(incident, deps),
    linksFor(incident, deps),
  ]);
  const failures: string[] = [];
  for (const notice of incident.pendingNotices) {
    const details = { acts, rounds, approvals, settledLimits, look, links, now: deps.now() };
    const message = composeMessage(incident, notice, details);
    const error = await publishRecorded(id, notice, message, deps);
    if (error !== '') failures.push(`${notice}: ${error}`);
  }
  return failures;
}

/** These speak of the server as it is now. */
const OF_NOW: ReadonlySet<Notice> = new Set<Notice>(['opened', 'escalated', 'changed', 'failed']);

/** What samples show; null where no notice needs it or they cannot be had soon: a notice does not wait for them. */
async function lookFor(
  { target, pendingNotices }: Incident,
  { store, now }: DeliverDependencies,
): Promise<NewestLook | null> {
  if (!pendingNotices.some((notice) => OF_NOW.has(notice) || isRepeat(notice))) return null;
  // A rehearsal's samples are those of the target that it rehearses.
  const id = rehearsedId(target.id) ?? target.id;
  const at = now();
  const samples = await inTimeOr([], store.samples.since(id, at - LOOK_BACK_MS));
  return newestLook(samples, { now: at, triggerPercent: target.policy.triggerPercent });
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
  const attempt = await notifier.publish(message).then(
    (how) => ({ delivered: true, error: '', ...(how === 'gathered' && { gathered: true as const }) }),
    (thrown: unknown) => ({ delivered: false, error: reasonOf(thrown) }),
  );
  await store.notices.recordAttempt(incidentId, { notice, at: now(), ...attempt });
  return attempt.error;
}

function reasonOf(thrown: unknown): string {
  return (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)).slice(0, 300);
}
