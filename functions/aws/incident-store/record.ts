import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { IncidentChange, NewIncident } from '../../core/ports/incident-store.ts';
import { BadRequest, FenceLost } from '../../core/protocol/errors.ts';
import type { Outcome } from '../../core/protocol/steps.ts';
import type { Acknowledgement, Incident } from '../../core/record/incident.ts';
import type { Notice, NoticeAttempt, Repeat } from '../../core/record/notice.ts';
import {
  incidentOf,
  MAX_JOINED,
  MAX_NOTICE_ATTEMPTS,
  metaItem,
  metaKey,
  storedAttempt,
  storedField,
  storedSighting,
} from './table/items.ts';
import { readItem, unlessConditionFails, updateIf, type IncidentTable } from './table/table.ts';

const isOpen = '#status = :open';
/** Records of the first days lack the field. */
const isUnacknowledged = '(attribute_not_exists(acknowledgement) OR acknowledgement = :nobody)';
const OPEN = { names: { status: 'status' }, values: { open: 'open' } } as const;

/** Strongly consistent. */
export async function readIncident(table: IncidentTable, id: string): Promise<Incident | null> {
  const item = await readItem(table, metaKey(id));
  return item && incidentOf(item);
}

/** Writes the META item unless somebody has; returns the one that stands. */
export async function createRecord(table: IncidentTable, candidate: NewIncident, fence: number): Promise<Incident> {
  const item = metaItem(candidate, fence);
  const isNew = 'attribute_not_exists(pk)';
  const written = await unlessConditionFails(
    table.client.send(new PutCommand({ TableName: table.table, Item: item, ConditionExpression: isNew })),
  );
  if (written) return incidentOf(item);
  const standing = await readIncident(table, candidate.id);
  return standing ?? incidentOf(item);
}

/** Notes a later alarm; the same one is noted once. Null when the incident is not open any more. */
export async function joinRecord(table: IncidentTable, id: string, late: NewIncident): Promise<Incident | null> {
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
  const standing = await readIncident(table, id);
  return standing?.status === 'open' ? standing : null;
}

export async function changeRecord(
  table: IncidentTable,
  id: string,
  change: IncidentChange,
  notice?: Notice,
): Promise<Incident> {
  const changed = await writeWhileOpen(table, id, change, notice ?? null);
  if (changed === null) throw new FenceLost(id);
  return changed;
}

export interface IncidentEnd {
  readonly outcome: Outcome;
  readonly at: number;
  readonly failure: Incident['failure'];
  readonly notice: Notice | null;
}

/** The lock is the caller's to release. */
export async function closeRecord(
  table: IncidentTable,
  id: string,
  { outcome, at, failure, notice }: IncidentEnd,
): Promise<Incident> {
  const closed = await writeWhileOpen(table, id, { status: 'closed', outcome, closedAt: at, failure }, notice);
  if (closed) return closed;
  const standing = await readIncident(table, id);
  if (standing === null) throw new BadRequest(`there is no incident ${id}`);
  return standing;
}

/** Null when the incident is not open. A notice that was delivered stays so, however often the step is repeated. */
async function writeWhileOpen(
  table: IncidentTable,
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

/** The one that stands is returned, whoever wrote it. */
export async function acknowledgeRecord(
  table: IncidentTable,
  id: string,
  acknowledgement: Acknowledgement,
): Promise<Incident | null> {
  const written = await updateIf(table, {
    key: metaKey(id),
    update: 'SET acknowledgement = :acknowledgement',
    condition: `attribute_exists(pk) AND ${isUnacknowledged}`,
    values: { acknowledgement: storedField(acknowledgement), nobody: null },
  });
  return written ? incidentOf(written) : readIncident(table, id);
}

/** The count says which page comes next, so that of two callers who saw the same one alone gets it. */
export async function claimRepeat(
  table: IncidentTable,
  { id, repeats }: Pick<Incident, 'id' | 'repeats'>,
  repeat: Repeat,
  at: number,
): Promise<Incident | null> {
  const isNext = repeats === 0 ? '(attribute_not_exists(repeats) OR repeats = :before)' : 'repeats = :before';
  const written = await updateIf(table, {
    key: metaKey(id),
    update: 'SET repeats = :after, repeatedAt = :at, notified.#repeat = :pending',
    condition: ['attribute_exists(pk)', isUnacknowledged, isNext].join(' AND '),
    names: { repeat },
    values: { before: repeats, after: repeats + 1, at, pending: 'pending', nobody: null },
  });
  return written && incidentOf(written);
}

/** Works on closed incidents too: the last notice goes out after closing. */
export async function noteNotice(table: IncidentTable, id: string, attempt: NoticeAttempt): Promise<void> {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = { attempts: [storedAttempt(attempt)] };
  const steps: string[] = [];
  if (attempt.delivered) {
    names['notice'] = attempt.notice;
    values['delivered'] = 'delivered';
    steps.push('notified.#notice = :delivered');
  }
  const exists = 'attribute_exists(pk)';
  const hasRoom = 'size(notices) < :room';
  const key = metaKey(id);
  const listed = await updateIf(table, {
    key,
    update: `SET ${['notices = list_append(notices, :attempts)', ...steps].join(', ')}`,
    condition: [exists, hasRoom].join(' AND '),
    names,
    values: { ...values, room: MAX_NOTICE_ATTEMPTS },
  });
  if (listed) return;
  const replaced = await updateIf(table, {
    key,
    update: `SET ${[`notices[${MAX_NOTICE_ATTEMPTS - 1}] = :attempts`, ...steps].join(', ')}`,
    condition: exists,
    names,
    values: { ...values, attempts: storedAttempt(attempt) },
  });
  if (replaced === null) throw new BadRequest(`there is no incident ${id}`);
}
