import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { localClientConfig } from '../machine/client-config.ts';
import type { TableDefinition } from '../synthesis/cloud-assembly.ts';

/** Deletes what has expired, as DynamoDB's TTL does: the samples of a watch would fill the disk. */
interface Sweeper {
  /** Settles when the sweep under way has ended. Throws when it failed. */
  swept(): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 3_600_000;

/** Sweeps at once and then every hour. Scans the whole table, so it is for small ones. */
export function startSweeper(url: string, { TableName: table }: TableDefinition): Sweeper {
  const plain = new DynamoDBClient(localClientConfig(url));
  const client = DynamoDBDocumentClient.from(plain);
  let isStopped = false;
  const sweep = async (): Promise<void> => {
    const expired = paginateScan(
      { client },
      {
        TableName: table,
        FilterExpression: 'expiresAt < :now',
        ExpressionAttributeValues: { ':now': Math.floor(Date.now() / 1000) },
        ProjectionExpression: 'pk, sk',
      },
    );
    for await (const { Items: items = [] } of expired) {
      for (const { pk, sk } of items) {
        if (isStopped) return;
        await client.send(new DeleteCommand({ TableName: table, Key: { pk: pk as unknown, sk: sk as unknown } }));
      }
    }
  };
  let sweeping: Promise<void> = Promise.resolve();
  const sweepNext = (): void => {
    sweeping = sweeping.catch(() => undefined).then(sweep);
    // Perhaps nobody awaits it. The next sweep makes up for one that failed.
    sweeping.catch(() => undefined);
  };
  sweepNext();
  const timer = setInterval(sweepNext, EVERY_MS);
  timer.unref();
  return {
    swept: () => sweeping,
    async stop() {
      isStopped = true;
      clearInterval(timer);
      // What is left is swept the next time.
      await sweeping.catch(() => undefined);
      plain.destroy();
    },
  };
}
