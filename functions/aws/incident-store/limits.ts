import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { LimitRecord, SettledLimit } from '../../core/record/limit.ts';
import { expiresAt, KEEP_RECORDS_DAYS, ordinal } from './table/items.ts';
import { queryAll, unlessConditionFails, updateIf, type IncidentTable, type Item, type Key } from './table/table.ts';

/**
 * One item per target and user says that the user is, or may be, under a temporary limit. It has no expiry: it goes only when
 * the limit has been settled.
 *
 *     note ──▶ (the worker sets the limit) ──▶ confirm ──▶ … ──▶ (the worker lifts it) ──▶ write the end ──▶ delete
 *
 * Each arrow may be a crash: whoever reads the item next lifts the limit again, which does nothing when it was lifted already.
 * In the table a limit is called `cap`, as it was by the first version.
 */
const PREFIX = 'CAP#';

const limitKey = ({ targetId, user }: LimitRecord): Key => ({ pk: `TARGET#${targetId}`, sk: `${PREFIX}${user}` });
const isSameLimit = 'cap.incidentId = :id';

export async function noteLimit({ client, table }: IncidentTable, limit: LimitRecord): Promise<boolean> {
  const noted = await unlessConditionFails(
    client.send(
      new PutCommand({
        TableName: table,
        Item: { ...limitKey(limit), cap: limit },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  );
  return noted !== null;
}

export async function confirmLimit(table: IncidentTable, limit: LimitRecord): Promise<void> {
  await updateIf(table, {
    key: limitKey(limit),
    update: 'SET cap.isSet = :true',
    condition: isSameLimit,
    values: { id: limit.incidentId, true: true },
  });
}

export async function markReported(table: IncidentTable, limit: LimitRecord, at: number): Promise<void> {
  await updateIf(table, {
    key: limitKey(limit),
    update: 'SET cap.toldAt = :at',
    condition: isSameLimit,
    values: { id: limit.incidentId, at },
  });
}

/** The end is written first: a crash in between leaves a limit that is lifted once more, and ends in the same words. */
export async function settleLimit(
  { client, table }: IncidentTable,
  limit: LimitRecord,
  how: Pick<SettledLimit, 'end' | 'endedAt' | 'dropped'>,
): Promise<void> {
  const settled: SettledLimit = { ...limit, ...how };
  const key: Key = { pk: `INCIDENT#${limit.incidentId}`, sk: `${PREFIX}${ordinal(limit.at, 15)}#${limit.user}` };
  const item = { ...key, cap: settled, expiresAt: expiresAt(how.endedAt, KEEP_RECORDS_DAYS) };
  await unlessConditionFails(
    client.send(new PutCommand({ TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' })),
  );
  await unlessConditionFails(
    client.send(
      new DeleteCommand({
        TableName: table,
        Key: limitKey(limit),
        ConditionExpression: isSameLimit,
        ExpressionAttributeValues: { ':id': limit.incidentId },
      }),
    ),
  );
}

export async function readLimits(table: IncidentTable, targetId: string): Promise<LimitRecord[]> {
  return (await queryLimits(table, `TARGET#${targetId}`)).map((item) => (item as { readonly cap: LimitRecord }).cap);
}

export async function readSettledLimits(table: IncidentTable, incidentId: string): Promise<SettledLimit[]> {
  return (await queryLimits(table, `INCIDENT#${incidentId}`)).map(
    (item) => (item as { readonly cap: SettledLimit }).cap,
  );
}

function queryLimits(table: IncidentTable, pk: string): Promise<Item[]> {
  return queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': PREFIX },
    ConsistentRead: true,
  });
}
