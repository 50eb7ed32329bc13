import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
  type GetCommandOutput,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';

/** The incident table: keys `pk` and `sk`, indexes `byTarget` and `byStatus` sorted by `openedAt`, TTL `expiresAt`. */
export interface TableAccess {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
}

export type Item = NonNullable<GetCommandOutput['Item']>;

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** One conditional update. `names` and `values` go without their `#` and `:`. */
export interface ConditionalUpdate {
  readonly key: Key;
  readonly update: string;
  readonly condition: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Strongly consistent. */
export async function readItem({ client, table }: TableAccess, key: Key): Promise<Item | null> {
  const { Item: item } = await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
  return item ?? null;
}

export async function putItem({ client, table }: TableAccess, item: Item): Promise<void> {
  await client.send(new PutCommand({ TableName: table, Item: item }));
}

export async function deleteItem({ client, table }: TableAccess, key: Key): Promise<void> {
  await client.send(new DeleteCommand({ TableName: table, Key: key }));
}

/** True for the one caller who wrote it; false, and nothing written, when its key is taken. */
export async function putNewItem({ client, table }: TableAccess, item: Item): Promise<boolean> {
  const isNew = 'attribute_not_exists(pk)';
  const written = await unlessConditionFails(
    client.send(new PutCommand({ TableName: table, Item: item, ConditionExpression: isNew })),
  );
  return written !== null;
}

/** The item after the update, or null when the condition does not hold. */
export async function updateIf(
  { client, table }: TableAccess,
  { key, update, condition, names = {}, values = {} }: ConditionalUpdate,
): Promise<Item | null> {
  const command = new UpdateCommand({
    TableName: table,
    Key: key,
    UpdateExpression: update,
    ConditionExpression: condition,
    ReturnValues: 'ALL_NEW',
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: prefixed('#', names) }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: prefixed(':', values) }),
  });
  const done = await unlessConditionFails(client.send(command));
  return done === null ? null : (done.Attributes ?? {});
}

function prefixed<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]));
}

/** The result of a conditional write, or null when its condition does not hold. */
export async function unlessConditionFails<T>(write: Promise<T>): Promise<T | null> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return null;
    throw error;
  }
}

/** The items of a partition whose sort key begins with a prefix, in its order, until there are `limit`. Strongly consistent. */
export function queryPrefix(table: TableAccess, pk: string, prefix: string, limit?: number): Promise<Item[]> {
  const query = {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
    ConsistentRead: true,
  };
  return queryAll(table, query, limit);
}

/** The items of a partition whose sort key begins with a prefix and goes on from `from`. Strongly consistent. */
export function querySince(table: TableAccess, pk: string, prefix: string, from: string): Promise<Item[]> {
  return queryAll(table, { ...keysSince(pk, prefix, from), ConsistentRead: true });
}

/** The same for a query of one's own. */
export function keysSince(pk: string, prefix: string, from: string) {
  return {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :end',
    ExpressionAttributeValues: { ':pk': pk, ':from': `${prefix}${from}`, ':end': `${prefix}~` },
  };
}

/** Every item a query finds, over all its pages, until there are `limit`. */
export async function queryAll(
  { client, table }: TableAccess,
  query: Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey' | 'Limit'>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const found: Item[] = [];
  let from: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page = await client.send(
      new QueryCommand({
        ...query,
        TableName: table,
        ExclusiveStartKey: from,
        ...(Number.isFinite(limit) && { Limit: limit - found.length }),
      }),
    );
    found.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from && found.length < limit);
  return found;
}
