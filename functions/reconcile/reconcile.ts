import * as z from 'zod/mini';
import { isSettled } from '../core/fleet/roster.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { reconcileTargetRequest } from '../core/protocol/steps.ts';
import { mayAnnounce, owesEvents } from '../core/events/changes.ts';
import type { Incident } from '../core/record/incident.ts';
import { isHeld } from '../core/record/limit-lift.ts';
import { findUnanswered, isGoingOut, isPageOverdue, isRetryDue } from '../core/record/repeated-pages.ts';
import { wakeWorkflow, type AnswerDependencies } from '../incident/answer-question.ts';
import { closeIncident, type CloseDependencies } from '../incident/close-incident.ts';
import { minuteOf, readCooldown, type CooldownDependencies } from '../incident/cooldown.ts';
import { deliverPending } from '../incident/deliver.ts';
import { announce } from '../incident/events/announce.ts';
import { liftLimits } from '../incident/lift-limits.ts';
import { openFor, type OpenDependencies } from '../incident/open.ts';
import { repeatPage, type RepeatDependencies } from './repeat-page.ts';

/** A dispatch that died before it started the workflow is repaired within this time; later it is a failure. */
const START_GRACE_MS = 5 * 60_000;
/** How many incidents of a target are searched for what people and programs have not been told yet. */
const RECENT = 5;

const statusEvent = z.object({ detail: z.object({ name: z.string(), status: z.string() }) });

export type ReconcileDependencies = OpenDependencies &
  AnswerDependencies &
  CloseDependencies &
  RepeatDependencies &
  CooldownDependencies & { readonly store: Pick<IncidentStore, 'targets'> };

export interface ReconcileResult {
  /** What was repaired, in words; empty when all was well. */
  readonly repaired: readonly string[];
}

/**
 * Repairs what a crash left behind. Called each minute for every target that something may be left to do for, and
 * whenever an execution of the workflow fails: an incident whose workflow died is closed as failed and a person is
 * paged, limits it left behind are lifted, undelivered notices are sent again, pages that nobody acknowledged are
 * repeated, changes of incidents are put on the event bus, and an alarm that is still active without an open incident is
 * dispatched again.
 */
export async function reconcile(payload: unknown, deps: ReconcileDependencies): Promise<ReconcileResult> {
  const event = statusEvent.safeParse(payload);
  if (event.success) {
    const incident = await deps.store.incidents.byId(event.data.detail.name);
    return { repaired: incident ? await repairIncident(incident, deps) : [] };
  }
  const { target: which, active } = parseRequest(reconcileTargetRequest, payload);
  const target = await deps.store.targets.find(which);
  if (target === null) return { repaired: [] };
  const knowing = active === undefined ? deps : { ...deps, alarms: { active: () => Promise.resolve(active) } };
  return { repaired: await reconcileTarget(target, knowing) };
}

async function reconcileTarget(target: TargetSettings, deps: ReconcileDependencies): Promise<string[]> {
  // Read first: what is noted after it stays.
  const row = await deps.store.targets.rowOf(target.id);
  const open = await deps.store.incidents.openOf(target.id);
  const repaired = open ? await repairIncident(open, deps) : [];
  if (!open) repaired.push(...(await dispatchActive(target, deps)));
  repaired.push(...(await liftOrphans(target, deps)));
  repaired.push(...(await repeatPage(target, deps)));
  // Last: a topic that hangs may take all the time this call has, and must not hold up relief.
  repaired.push(...(await sendOverdue(target, deps)));
  repaired.push(...(await announceRecent(target, deps)));
  const owesSince = row?.owesSince ?? null;
  if (owesSince !== null && isSettled(owesSince, deps.now()) && (await owesNothing(target, deps))) {
    await deps.store.targets.settle(target.id, owesSince);
  }
  return repaired;
}

/** No incident is open, no limit on record, no notice or event pending, and no page unanswered. */
async function owesNothing({ id, policy }: TargetSettings, deps: ReconcileDependencies): Promise<boolean> {
  const { store, events, now } = deps;
  if ((await store.incidents.openOf(id)) !== null || (await store.limits.of(id)).length > 0) return false;
  const recent = await store.incidents.listByTarget(id, 10);
  if (events !== null && recent.some((incident) => owesEvents(incident, now()))) return false;
  const paged = findUnanswered(recent);
  const mayPage = paged?.acknowledgement === null && paged.repeats < policy.escalation.maxRepeats;
  return !mayPage && recent.every(({ pendingNotices }) => pendingNotices.length === 0);
}

async function repairIncident(incident: Incident, deps: ReconcileDependencies): Promise<string[]> {
  if (incident.status !== 'open') return [];
  if (incident.call !== null) return closeAbandonedCall(incident, deps);
  const { status, detail } = await deps.workflow.status(incident.id);
  if (status === 'running') return wakeAnswered(incident, deps);
  if (status === 'absent' && deps.now() - incident.openedAt < START_GRACE_MS) {
    await deps.workflow.start(incident.id);
    return [`started the workflow of ${incident.id}`];
  }
  // Read again: a workflow that ended well closed its incident before it ended.
  const current = await deps.store.incidents.byId(incident.id);
  if (current?.status !== 'open') return [];
  const failure = { error: `workflow ${status}`, detail };
  const closed = await closeIncident(incident.id, 'failed', failure, deps);
  await deliverPending(closed, deps);
  return [`closed ${incident.id} as failed: its workflow is ${status}`];
}

/** An answer whose sender died before it woke the workflow. */
async function wakeAnswered({ id }: Incident, deps: ReconcileDependencies): Promise<string[]> {
  const last = (await deps.store.approvals.of(id)).at(-1);
  if (last?.decision == null || !(await wakeWorkflow(last, deps))) return [];
  return [`woke the workflow of ${id}: its question has been answered`];
}

/**
 * Limits whose incident is closed: its workflow died before it lifted them, or could not, or a person has set them and
 * their time is over.
 */
async function liftOrphans(target: TargetSettings, deps: ReconcileDependencies): Promise<string[]> {
  const { limits, incidents } = deps.store;
  const closed = new Set<string>();
  for (const { incidentId } of await limits.of(target.id)) {
    if ((await incidents.byId(incidentId))?.status !== 'open') closed.add(incidentId);
  }
  if (closed.size === 0) return [];
  // Read again: what was confirmed while its incident was open shows as confirmed now.
  const orphans = (await limits.of(target.id)).filter(
    (limit) => closed.has(limit.incidentId) && !isHeld(limit, deps.now()),
  );
  return liftLimits(target, orphans, deps);
}

/** A person's call has no workflow: a command carries it out, in less time than a lease lasts. */
async function closeAbandonedCall({ id, openedAt }: Incident, deps: ReconcileDependencies): Promise<string[]> {
  if (deps.now() - openedAt < LEASE_MS) return [];
  const failure = { error: 'abandoned', detail: 'the command that carried it out did not finish' };
  await deliverPending(await closeIncident(id, 'failed', failure, deps), deps);
  return [`closed ${id} as failed: the command that carried it out is gone`];
}

async function sendOverdue(target: TargetSettings, deps: ReconcileDependencies): Promise<string[]> {
  const sent: string[] = [];
  for (const listed of await deps.store.incidents.listByTarget(target.id, RECENT)) {
    if (listed.pendingNotices.length === 0) continue;
    // The list may lag behind: what has gone out by now is not sent again.
    const incident = (await deps.store.incidents.byId(listed.id)) ?? listed;
    const isOwed = incident.status === 'closed' || isPageOverdue(incident, deps.now());
    if (!isOwed || incident.pendingNotices.length === 0 || isGoingOut(incident, deps.now())) continue;
    if (!isRetryDue(incident, deps.now())) continue;
    const failures = await deliverPending(incident, deps);
    sent.push(`notices of ${incident.id}: ${failures.length === 0 ? 'sent' : failures.join('; ')}`);
  }
  return sent;
}

/** What happened since the last minute, whoever wrote it, and what the bus did not take before. */
async function announceRecent(target: TargetSettings, deps: ReconcileDependencies): Promise<string[]> {
  if (deps.events === null) return [];
  const trouble: string[] = [];
  for (const listed of await deps.store.incidents.listByTarget(target.id, RECENT)) {
    if (!mayAnnounce(listed, deps.now())) continue;
    // The list may lag behind: what is on the bus by now is not put there again.
    const error = await announce((await deps.store.incidents.byId(listed.id)) ?? listed, deps);
    if (error !== '') trouble.push(`events of ${listed.id}: ${error}`);
  }
  return trouble;
}

async function dispatchActive(target: TargetSettings, deps: ReconcileDependencies): Promise<string[]> {
  const [alarm] = await deps.alarms.active(target.alarms);
  if (!alarm || (await readCooldown(target, deps)).isActive) return [];
  const at = minuteOf(deps.now());
  const opened = await openFor(target, { ...alarm, at, reason: `still in ALARM: ${alarm.reason}` }, deps);
  return opened.result === 'opened' ? [`dispatched ${alarm.alarm} again as ${opened.incidentId}`] : [];
}
