import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { howToList } from './record-options.ts';
import { UsageError } from './usage-error.ts';
import type { WhereOptions } from './where.ts';

/** Throws UsageError when these records have no such incident. */
export async function findIncident(
  store: Pick<IncidentStore, 'incidents'>,
  id: string,
  given: WhereOptions,
): Promise<Incident> {
  const incident = await store.incidents.byId(id);
  if (incident !== null) return incident;
  throw new UsageError(`there is no incident ${id} in these records; to see which there are: ${howToList(given)}`);
}

/** The latest incidents, newest first: of one target, of one status, or of all. */
export async function listIncidents(
  store: IncidentStore,
  { target, status }: { readonly target?: string | undefined; readonly status?: Incident['status'] | undefined },
  limit: number,
): Promise<Incident[]> {
  if (target !== undefined) {
    const all = await store.incidents.listByTarget(target, limit);
    return status === undefined ? all : all.filter((incident) => incident.status === status);
  }
  const statuses = status === undefined ? (['open', 'closed'] as const) : [status];
  const found = await Promise.all(statuses.map((each) => store.incidents.listByStatus(each, limit)));
  return found
    .flat()
    .sort((a, b) => b.openedAt - a.openedAt)
    .slice(0, limit);
}
