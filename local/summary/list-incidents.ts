import { memberId } from '../../functions/core/members/member.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { howToList } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import type { WhereOptions } from '../options/where.ts';

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

/** The latest incidents, newest first: of one target or all members of a cluster, of one status, or of all. */
export async function listIncidents(
  store: IncidentStore,
  { target, status }: { readonly target?: string | undefined; readonly status?: Incident['status'] | undefined },
  limit: number,
): Promise<Incident[]> {
  if (target !== undefined) {
    const members = await store.targets.members(target);
    const ids = [target, ...members.map(({ name }) => memberId(target, name))];
    const found = await Promise.all(ids.map((id) => store.incidents.listByTarget(id, limit)));
    return latest(
      found.flat().filter((incident) => status === undefined || incident.status === status),
      limit,
    );
  }
  const statuses = status === undefined ? (['open', 'closed'] as const) : [status];
  const found = await Promise.all(statuses.map((each) => store.incidents.listByStatus(each, limit)));
  return latest(found.flat(), limit);
}

function latest(incidents: readonly Incident[], limit: number): Incident[] {
  return incidents.toSorted((a, b) => b.openedAt - a.openedAt).slice(0, limit);
}
