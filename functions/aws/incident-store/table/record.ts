import type { IncidentEnd, NewIncident } from '../../../core/ports/stores/incidents.ts';
import { BadRequest } from '../../../core/protocol/errors.ts';
import type { Incident } from '../../../core/record/incident.ts';
import type { Notice } from '../../../core/record/notice.ts';
import { incidentOf, MAX_JOINED, metaItem, metaKey, storedField, storedSighting } from './items.ts';
import { putNewItem, readItem, updateIf, type TableAccess } from './table.ts';

const isOpen = '#status = :open';
const OPEN = { names: { status: 'status' }, values: { open: 'open' } } as const;

/** Strongly consistent. */
export async function readRecord(table: TableAccess, id: string): Promise<Incident | null> {
  const item = await readItem(table, metaKey(id));
  return item && incidentOf(item);
}

/** Writes the META item unless somebody has; returns the one that is there. */
export async function createRecord(table: TableAccess, candidate: NewIncident, fence: number): Promise<Incident> {
  const item = metaItem(candidate, fence);
  if (await putNewItem(table, item)) return incidentOf(item);
  return (await readRecord(table, candidate.id)) ?? incidentOf(item);
}

/** Notes a later alarm; the same one is noted once. Null when the incident is not open any more. */
export async function joinRecord(table: TableAccess, id: string, late: NewIncident): Promise<Incident | null> {
  const isUnknown = 'attribute_not_exists(joinedBy.#late)';
  const hasRoom = 'size(joinedBy) < :room';
  const listed = await updateIf(table, {
    key: metaKey(id),
    update: 'SET joinedBy.#late = :sighting, joinedCount = joinedCount + :one',
    condition: [isOpen, isUnknown, hasRoom].join(' AND '),
    names: { ...OPEN.names, late: late.id },
    values: { ...OPEN.values, sighting: storedSighting(late.alarm), one: 1, room: MAX_JOINED },
  });
  if (listed) return incidentOf(listed);
  // Past the list alarms are only counted, and one that is delivered twice counts twice.
  const counted = await updateIf(table, {
    key: metaKey(id),
    update: 'SET joinedCount = joinedCount + :one',
    condition: [isOpen, isUnknown].join(' AND '),
    names: { ...OPEN.names, late: late.id },
    values: { ...OPEN.values, one: 1 },
  });
  if (counted) return incidentOf(counted);
  const current = await readRecord(table, id);
  return current?.status === 'open' ? current : null;
}

/** The lock is the caller's to release. */
export async function closeRecord(
  table: TableAccess,
  id: string,
  { outcome, at, failure, notice }: IncidentEnd,
): Promise<Incident> {
  const closed = await writeWhileOpen(table, id, { status: 'closed', outcome, closedAt: at, failure }, notice);
  if (closed) return closed;
  const current = await readRecord(table, id);
  if (current === null) throw new BadRequest(`there is no incident ${id}`);
  return current;
}

/** Null when the incident is not open. A notice that was delivered stays so, however often the step is repeated. */
export async function writeWhileOpen(
  table: TableAccess,
  id: string,
  fields: Partial<Incident>,
  notice: Notice | null,
): Promise<Incident | null> {
  const names: Record<string, string> = { ...OPEN.names };
  // Writing the id as well keeps an empty change a valid one: it still has to say whether the incident is open.
  const values: Record<string, unknown> = { ...OPEN.values, id };
  const steps = ['id = :id'];
  for (const [index, [name, value]] of Object.entries(fields).entries()) {
    if (value === undefined) continue;
    names[`field${index}`] = name;
    values[`field${index}`] = storedField(value);
    steps.push(`#field${index} = :field${index}`);
  }
  if (notice !== null) {
    names['notice'] = notice;
    values['pending'] = 'pending';
    steps.push('notified.#notice = if_not_exists(notified.#notice, :pending)');
  }
  const update = `SET ${steps.join(', ')}`;
  const written = await updateIf(table, { key: metaKey(id), update, condition: isOpen, names, values });
  return written && incidentOf(written);
}
