import {
  GetCommand,
  QueryCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
  type GetCommandOutput,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';

/** The incident table: keys `pk` and `sk`, indexes `byTarget` and `byStatus` (sorted by `openedAt`), TTL `expiresAt`. */
export interface IncidentTable {
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

function prefixed<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]));
}

/** Strongly consistent. */
export async function readItem({ client, table }: IncidentTable, key: Key): Promise<Item | null> {
  const { Item: item } = await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
  return item ?? null;
}

/** The item after the update, or null when the condition does not hold. */
export async function updateIf(
  { client, table }: IncidentTable,
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

/** The result of a conditional write, or null when its condition does not hold. */
export async function unlessConditionFails<T>(write: Promise<T>): Promise<T | null> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return null;
    throw error;
  }
}

/** Every item a query finds, over all its pages, until there are `limit`. */
export async function queryAll(
  { client, table }: IncidentTable,
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
