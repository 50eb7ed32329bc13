import * as z from 'zod/mini';
import type { Incident } from '../core/incident.ts';
import { parseRequest } from '../core/request.ts';
import type { TargetSettings } from '../core/target.ts';
import { reconcileTargetRequest, type Outcome } from '../core/workflow.ts';
import { closeIncident } from '../close/close.ts';
import { openFor, type DispatchDependencies } from '../dispatch/dispatch.ts';
import { deliverPending } from '../notify/deliver.ts';

/** A dispatch that died before it started the workflow is made good within this time; later it is a failure. */
const START_GRACE_MS = 5 * 60_000;

/** How long after an incident closed its target's standing alarm opens another: CloudWatch itself lags by minutes. */
const REST_MS: Readonly<Record<Outcome, number>> = {
  relieved: 5 * 60_000,
  'not-needed': 5 * 60_000,
  failed: 15 * 60_000,
  escalated: 30 * 60_000,
  observed: 60 * 60_000,
};

/**
 * An alarm that stands while look after look finds nothing to do (its threshold and the live server disagree) is looked at
 * less and less often: each look tells people twice. The critical alarm still opens an incident at once.
 */
const LONGEST_REST_MS = REST_MS.escalated;
const SAME_ALARM_MS = 3 * 3_600_000;

const statusEvent = z.object({ detail: z.object({ name: z.string(), status: z.string() }) });

export interface ReconcileResult {
  /** What was put right, in words; empty when all was well. */
  readonly repaired: readonly string[];
}

/**
 * Puts right what crashed. Called each minute for every target and whenever an execution of the workflow fails: an incident
 * whose workflow died is closed as failed and a person is paged, undelivered notices are sent again, and an alarm that still
 * stands without an open incident is dispatched again.
 */
export async function reconcile(payload: unknown, deps: DispatchDependencies): Promise<ReconcileResult> {
  const event = statusEvent.safeParse(payload);
  if (event.success) {
    const incident = await deps.store.incident(event.data.detail.name);
    return { repaired: incident ? await mendWorkflow(incident, deps) : [] };
  }
  const { target } = parseRequest(reconcileTargetRequest, payload);
  const open = await deps.store.openIncidentOf(target.id);
  const repaired = open ? await mendWorkflow(open, deps) : [];
  if (!open) repaired.push(...(await dispatchStanding(target, deps)));
  // Last: a topic that hangs may take all the time this call has, and must not hold up relief.
  repaired.push(...(await sendOverdue(target, deps)));
  return { repaired };
}

async function mendWorkflow(incident: Incident, deps: DispatchDependencies): Promise<string[]> {
  if (incident.status !== 'open') return [];
  const { status, detail } = await deps.workflow.status(incident.id);
  if (status === 'running') return [];
  if (status === 'absent' && deps.now() - incident.openedAt < START_GRACE_MS) {
    await deps.workflow.start(incident.id);
    return [`started the workflow of ${incident.id}`];
  }
  // Read again: a workflow that ended well closed its incident before it ended.
  const current = await deps.store.incident(incident.id);
  if (current?.status !== 'open') return [];
  const failure = { error: `workflow ${status}`, detail };
  const closed = await closeIncident(incident.id, 'failed', failure, deps);
  await deliverPending(closed, deps);
  return [`closed ${incident.id} as failed: its workflow is ${status}`];
}

async function sendOverdue(target: TargetSettings, deps: DispatchDependencies): Promise<string[]> {
  const sent: string[] = [];
  for (const listed of await deps.store.listByTarget(target.id, 5)) {
    if (listed.pendingNotices.length === 0) continue;
    // The list may lag behind: what has gone out by now is not sent again.
    const incident = (await deps.store.incident(listed.id)) ?? listed;
    if (incident.status !== 'closed' || incident.pendingNotices.length === 0) continue;
    const failures = await deliverPending(incident, deps);
    sent.push(`notices of ${incident.id}: ${failures.length === 0 ? 'sent' : failures.join('; ')}`);
  }
  return sent;
}

async function dispatchStanding(target: TargetSettings, deps: DispatchDependencies): Promise<string[]> {
  const [standing] = await deps.alarms.standing(target.alarms);
  if (!standing) return [];
  const [listed, ...earlier] = await deps.store.listByTarget(target.id, 5);
  // The list may lag behind, and still show as open what has just been closed.
  const latest = listed && (await deps.store.incident(listed.id));
  const now = deps.now();
  if (latest?.closedAt) {
    // What held Headroom back then, a pause or the mode, may be gone by now.
    const mayAct = target.mode === 'act' && (await deps.store.pauseOf(target.id)) === null;
    if (now - latest.closedAt < restAfter(latest, earlier, mayAct)) return [];
  }
  // The minute stands in for the transition that will not come again, so that repeated calls mean one incident.
  const at = Math.floor(now / 60_000) * 60_000;
  const opened = await openFor(target, { ...standing, at, reason: `still in ALARM: ${standing.reason}` }, deps);
  return opened.result === 'opened' ? [`dispatched ${standing.alarm} again as ${opened.incidentId}`] : [];
}

function restAfter({ outcome, openedAt }: Incident, earlier: readonly Incident[], mayAct: boolean): number {
  if (outcome === 'observed' && mayAct) return REST_MS.failed;
  const rest = REST_MS[outcome ?? 'failed'];
  if (outcome !== 'not-needed') return rest;
  const firstOther = earlier.findIndex(
    (incident) => incident.outcome !== 'not-needed' || openedAt - incident.openedAt > SAME_ALARM_MS,
  );
  const repeats = firstOther === -1 ? earlier.length : firstOther;
  return Math.min(LONGEST_REST_MS, rest * 2 ** repeats);
}
