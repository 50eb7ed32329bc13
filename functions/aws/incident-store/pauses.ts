import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { byWidth, isInForce, type Pause, type PauseScope } from '../../core/policy/pause.ts';
import { expiresAt, storedField } from './table/items.ts';
import { queryAll, type IncidentTable, type Item, type Key } from './table/table.ts';

/** For tidying up only: whether a pause has run out is read off the pause itself. */
const KEEP_ENDED_PAUSES_DAYS = 7;
/** The pauses of the installation stand together, so that one consistent query reads all that may concern an act. */
const PAUSES = 'PAUSES';

/** A star, which no name has, stands for all. */
const keyOf = ({ targetId, tier }: PauseScope): Key => ({ pk: PAUSES, sk: `${targetId ?? '*'}#${tier ?? '*'}` });

/** Every pause in force, widest first. Strongly consistent. */
export async function readPauses(table: IncidentTable, now: number): Promise<Pause[]> {
  const items = await queryAll(table, {
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': PAUSES },
    ConsistentRead: true,
  });
  return items
    .map(pauseOf)
    .filter((pause) => isInForce(pause, now))
    .sort(byWidth);
}

export async function putPause({ client, table }: IncidentTable, pause: Pause): Promise<void> {
  const expiry = pause.until !== null && { expiresAt: expiresAt(pause.until, KEEP_ENDED_PAUSES_DAYS) };
  const item = { ...keyOf(pause), pause: storedField(pause), ...expiry };
  await client.send(new PutCommand({ TableName: table, Item: item }));
}

/** Returns the pause that it ended; null when there was none, or none that was still in force. */
export async function deletePause(
  { client, table }: IncidentTable,
  scope: PauseScope,
  now: number,
): Promise<Pause | null> {
  const command = new DeleteCommand({ TableName: table, Key: keyOf(scope), ReturnValues: 'ALL_OLD' });
  const { Attributes: deleted } = await client.send(command);
  const pause = deleted === undefined ? null : pauseOf(deleted);
  return pause !== null && isInForce(pause, now) ? pause : null;
}

function pauseOf(item: Item): Pause {
  return (item as { readonly pause: Pause }).pause;
}
