import type { IncidentRecord } from '../report/record.ts';
import type { Incident } from '../record/incident.ts';
import type { IncidentStore } from './incident-store.ts';

/** All that is on record of an incident. */
export async function readRecord(
  store: Pick<IncidentStore, 'rounds' | 'acts' | 'approvals' | 'limits'>,
  incident: Incident,
): Promise<IncidentRecord> {
  const { id } = incident;
  const [rounds, acts, approvals, settledLimits] = await Promise.all([
    store.rounds.of(id),
    store.acts.of(id),
    store.approvals.of(id),
    store.limits.settledOf(id),
  ]);
  return { incident, rounds, acts, approvals, settledLimits };
}
