import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import type { StandingWarning } from '../../core/ports/incident-store.ts';
import { expiresAt } from './table/items.ts';
import { queryAll, updateIf, type IncidentTable, type Key } from './table/table.ts';

/** A warning that stands for longer is told again. */
const KEEP_WARNINGS_DAYS = 30;
const WARNING = 'WARNING#';

const warningKey = (targetId: string, name: string): Key => ({ pk: `TARGET#${targetId}`, sk: `${WARNING}${name}` });

export async function readWarnings(table: IncidentTable, targetId: string): Promise<StandingWarning[]> {
  const items = await queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': `TARGET#${targetId}`, ':prefix': WARNING },
    ConsistentRead: true,
  });
  return items.map((item) => {
    const { sk, since, toldAt } = item as Key & { readonly since: number; readonly toldAt?: number };
    return { name: sk.slice(WARNING.length), since, toldAt: toldAt ?? null };
  });
}

/** One write: the warning is there, and the caller alone may tell it until the claim runs out. */
export async function claimWarning(
  table: IncidentTable,
  targetId: string,
  { name, since }: Pick<StandingWarning, 'name' | 'since'>,
  claim: { readonly at: number; readonly until: number },
): Promise<boolean> {
  const isUntold = 'attribute_not_exists(toldAt)';
  const isFree = '(attribute_not_exists(claimedUntil) OR claimedUntil <= :at)';
  const claimed = await updateIf(table, {
    key: warningKey(targetId, name),
    update: 'SET since = if_not_exists(since, :since), claimedUntil = :until, expiresAt = :expiresAt',
    condition: `${isUntold} AND ${isFree}`,
    values: { since, at: claim.at, until: claim.until, expiresAt: expiresAt(claim.at, KEEP_WARNINGS_DAYS) },
  });
  return claimed !== null;
}

export async function noteWarningTold(table: IncidentTable, targetId: string, name: string, at: number): Promise<void> {
  await updateIf(table, {
    key: warningKey(targetId, name),
    update: 'SET toldAt = :at',
    condition: 'attribute_exists(pk)',
    values: { at },
  });
}

export async function clearWarning({ client, table }: IncidentTable, targetId: string, name: string): Promise<void> {
  await client.send(new DeleteCommand({ TableName: table, Key: warningKey(targetId, name) }));
}
