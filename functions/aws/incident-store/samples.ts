import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { StoredSample } from '../../core/sampler/stored-sample.ts';
import { fit } from '../process/fit.ts';
import { expiresAt } from './table/items.ts';
import { queryAll, type IncidentTable } from './table/table.ts';

/** For whoever reads the morning after a weekend; the levels look back on a quarter of an hour. */
const KEEP_SAMPLES_DAYS = 3;
/** Bytes of one sample: some 26,000 of them in three days at the shortest interval. */
const SAMPLE_BYTES = 2_000;
const SAMPLE = 'SAMPLE#';

const sampleSk = (at: number) => `${SAMPLE}${new Date(at).toISOString()}`;

export async function putSample(
  { client, table }: IncidentTable,
  targetId: string,
  sample: StoredSample,
): Promise<void> {
  const item = {
    pk: `TARGET#${targetId}`,
    sk: sampleSk(sample.at),
    sample: fit(sample, SAMPLE_BYTES),
    expiresAt: expiresAt(sample.at, KEEP_SAMPLES_DAYS),
  };
  await client.send(new PutCommand({ TableName: table, Item: item }));
}

/** Oldest first. Strongly consistent: dispatch asks for the very sample that led to it. */
export async function readSamples(table: IncidentTable, targetId: string, since: number): Promise<StoredSample[]> {
  const items = await queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :since AND :end',
    ExpressionAttributeValues: { ':pk': `TARGET#${targetId}`, ':since': sampleSk(since), ':end': `${SAMPLE}~` },
    ConsistentRead: true,
  });
  return items.map((item) => (item as { readonly sample: StoredSample }).sample);
}
