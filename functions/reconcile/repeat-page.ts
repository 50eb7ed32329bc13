import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Alarms } from '../core/ports/outside.ts';
import { dueRepeat, findUnanswered } from '../core/record/repeated-pages.ts';
import { judgeLevels } from '../core/sampler/levels.ts';
import { deliverPending, type DeliverDependencies } from '../incident/deliver.ts';

export interface RepeatDependencies extends DeliverDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents' | 'samples'>;
  readonly alarms: Pick<Alarms, 'active'>;
}

/** Samples older than this say nothing about the present. */
const PRESENT_MS = 5 * 60_000;
/** How many incidents are searched for one that nobody has acknowledged. */
const RECENT = 10;

/**
 * Pages people again for an escalated or failed incident that nobody has acknowledged while its trouble goes on.
 * Claiming the page is one conditional write, so that however often and from wherever this is called, each page goes
 * out once.
 */
export async function repeatPage(target: TargetSettings, deps: RepeatDependencies): Promise<string[]> {
  // The policy of today: what an earlier incident has on record may not know of pages.
  const { escalation } = target.policy;
  const listed = findUnanswered(await deps.store.incidents.listByTarget(target.id, RECENT));
  if (listed === null || dueRepeat(listed, escalation, deps.now()) === null) return [];
  // The list may lag behind: somebody may have acknowledged it.
  const incident = await deps.store.incidents.byId(listed.id);
  const repeat = incident && dueRepeat(incident, escalation, deps.now());
  if (!repeat || !(await isTroubleActive(target, deps))) return [];
  const claimed = await deps.store.notices.claimRepeat(incident, repeat, deps.now());
  if (claimed === null) return [];
  await deliverPending(claimed, deps);
  return [`paged again for ${claimed.id} (${repeat}): nobody has acknowledged it`];
}

/** An incident is open that has no relief, an alarm is active, or the samples say so where there are no alarms. */
async function isTroubleActive(target: TargetSettings, { store, alarms, now }: RepeatDependencies): Promise<boolean> {
  const open = await store.incidents.openOf(target.id);
  if (open !== null && open.call === null) return open.reliefAt === null;
  if ((await alarms.active(target.alarms)).length > 0) return true;
  const samples = await store.samples.since(target.id, now() - PRESENT_MS);
  return judgeLevels(samples, target.policy).crossing !== null;
}
