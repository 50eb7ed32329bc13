import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { CapRecord, SettledCap } from '../../core/record/limit.ts';
import { expiresAt, KEEP_RECORDS_DAYS, ordinal } from './items.ts';
import { queryAll, unlessConditionFails, updateIf, type IncidentTable, type Item, type Key } from './table.ts';

/**
 * One item per target and user says that the user is, or may be, under a temporary limit. It has no expiry: it goes only when
 * the limit has been settled.
 *
 *     note ──▶ (the worker sets the limit) ──▶ confirm ──▶ … ──▶ (the worker lifts it) ──▶ write the end ──▶ delete
 *
 * Each arrow may be a crash: whoever reads the item next lifts the limit again, which does nothing when it was lifted already.
 */
const CAP = 'CAP#';

const capKey = ({ targetId, user }: CapRecord): Key => ({ pk: `TARGET#${targetId}`, sk: `${CAP}${user}` });
const isSameCap = 'cap.incidentId = :id';

export async function noteCap({ client, table }: IncidentTable, cap: CapRecord): Promise<boolean> {
  const noted = await unlessConditionFails(
    client.send(
      new PutCommand({
        TableName: table,
        Item: { ...capKey(cap), cap },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  );
  return noted !== null;
}

export async function confirmCap(table: IncidentTable, cap: CapRecord): Promise<void> {
  await updateIf(table, {
    key: capKey(cap),
    update: 'SET cap.isSet = :true',
    condition: isSameCap,
    values: { id: cap.incidentId, true: true },
  });
}

export async function noteCapTold(table: IncidentTable, cap: CapRecord, at: number): Promise<void> {
  await updateIf(table, {
    key: capKey(cap),
    update: 'SET cap.toldAt = :at',
    condition: isSameCap,
    values: { id: cap.incidentId, at },
  });
}

/** The end is written first: a crash in between leaves a limit that is lifted once more, and ends in the same words. */
export async function settleCap(
  { client, table }: IncidentTable,
  cap: CapRecord,
  how: Pick<SettledCap, 'end' | 'endedAt' | 'dropped'>,
): Promise<void> {
  const settled: SettledCap = { ...cap, ...how };
  const key: Key = { pk: `INCIDENT#${cap.incidentId}`, sk: `${CAP}${ordinal(cap.at, 15)}#${cap.user}` };
  const item = { ...key, cap: settled, expiresAt: expiresAt(how.endedAt, KEEP_RECORDS_DAYS) };
  await unlessConditionFails(
    client.send(new PutCommand({ TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' })),
  );
  await unlessConditionFails(
    client.send(
      new DeleteCommand({
        TableName: table,
        Key: capKey(cap),
        ConditionExpression: isSameCap,
        ExpressionAttributeValues: { ':id': cap.incidentId },
      }),
    ),
  );
}

export async function readCaps(table: IncidentTable, targetId: string): Promise<CapRecord[]> {
  return (await queryCaps(table, `TARGET#${targetId}`)).map((item) => (item as { readonly cap: CapRecord }).cap);
}

export async function readSettledCaps(table: IncidentTable, incidentId: string): Promise<SettledCap[]> {
  return (await queryCaps(table, `INCIDENT#${incidentId}`)).map((item) => (item as { readonly cap: SettledCap }).cap);
}

function queryCaps(table: IncidentTable, pk: string): Promise<Item[]> {
  return queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': CAP },
    ConsistentRead: true,
  });
}
