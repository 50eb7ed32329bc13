import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { localClientConfig } from '../../../local/machine/client-config.ts';
import { startRecords } from '../../../local/records/records.ts';
import { startSweeper } from '../../../local/records/sweeper.ts';
import { synthesizeTable } from '../../../local/synthesis/synthesized-table.ts';

test('what has expired goes, as with DynamoDB’s TTL, and everything else stays', async () => {
  const table = synthesizeTable('headroom');
  const records = await startRecords(table, null);
  onTestFinished(() => records.stop());
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(localClientConfig(records.url)));
  const now = Math.floor(Date.now() / 1000);
  const put = (sk: string, expiresAt?: number) =>
    client.send(
      new PutCommand({
        TableName: table.TableName,
        Item: { pk: 'p', sk, ...(expiresAt === undefined ? {} : { expiresAt }) },
      }),
    );
  for (let index = 0; index < 30; index++) await put(`old ${index}`, now - 10);
  await put('fresh', now + 3_600);
  await put('forever');

  const sweeper = startSweeper(records.url, table);
  await sweeper.swept();
  await sweeper.stop();
  const { Items: left = [] } = await client.send(new ScanCommand({ TableName: table.TableName }));
  expect(left.map(({ sk }) => sk as string)).toEqual(['forever', 'fresh']);
});

test('a sweep that fails does not end the program, and whoever asks is told', async () => {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  const table = synthesizeTable('headroom');
  const records = await startRecords(table, null);
  await records.stop();

  const sweeper = startSweeper(records.url, table);
  // As long as a watch goes on without anybody asking.
  await setTimeout(3_000);
  expect(unhandled).toEqual([]);
  await expect(sweeper.swept()).rejects.toThrow(/ECONNREFUSED/);
  await sweeper.stop();
});
