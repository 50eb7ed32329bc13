import type { IncidentStore } from '../core/ports/incident-store.ts';
import { HOUR_MS, type Past } from '../core/record/history.ts';

export interface PastDependencies {
  readonly store: Pick<IncidentStore, 'rounds' | 'acts' | 'approvals' | 'limits'>;
  readonly now: () => number;
}

/** Reads, all at once, what is on record of earlier acts. `incidentId`: null for a plan outside any incident. */
export async function readPast(
  targetId: string,
  incidentId: string | null,
  { store, now }: PastDependencies,
): Promise<Past> {
  const own = <T>(records: { of(incidentId: string): Promise<T[]> }) =>
    incidentId === null ? [] : records.of(incidentId);
  const [acts, rounds, approvals, lastHour, limits] = await Promise.all([
    own(store.acts),
    own(store.rounds),
    own(store.approvals),
    store.acts.tallies(targetId, now() - HOUR_MS),
    store.limits.of(targetId),
  ]);
  return { acts, rounds, approvals, lastHour, limits };
}
