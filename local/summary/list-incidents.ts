import { memberId } from '../../functions/core/members/member.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Incident } from '../../functions/core/record/incident.ts';

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
