import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Deliveries } from '../../core/ports/deliveries.ts';
import { expiresAt } from '../incident-store/table/items.ts';
import { queryPrefix, readItem, updateIf, type Key, type TableAccess } from '../incident-store/table/table.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

/** Longer than any topic tries again, and than an incident stays open. */
const KEEP_DAYS = 30;
const CHANNEL = 'CHANNEL#';
const THREAD = 'THREAD#';

/** In the incident table, beside the incidents. Errors of DynamoDB come through unchanged. */
export function createDeliveries(table: TableAccess): Deliveries {
  return {
    async takenBy(messageId) {
      const items = await queryPrefix(table, messagePk(messageId), CHANNEL);
      return new Set(items.map(({ sk }) => String(sk).slice(CHANNEL.length)));
    },
    async markTaken(messageId, channel, at) {
      await updateIf(table, {
        key: { pk: messagePk(messageId), sk: `${CHANNEL}${channel}` },
        update: 'SET takenAt = :at, expiresAt = :expiresAt',
        condition: 'attribute_not_exists(pk)',
        values: { at, expiresAt: expiresAt(at, KEEP_DAYS) },
      });
    },
    async threadOf(incidentId, channel) {
      const thread: unknown = (await readItem(table, threadKey(incidentId, channel)))?.['thread'];
      return typeof thread === 'string' ? thread : null;
    },
    async beginThread(incidentId, channel, thread, at) {
      await updateIf(table, {
        key: threadKey(incidentId, channel),
        update: 'SET thread = :thread, expiresAt = :expiresAt',
        condition: 'attribute_not_exists(pk)',
        values: { thread, expiresAt: expiresAt(at, KEEP_DAYS) },
      });
    },
  };
}

/** On the table of this function's environment (`HEADROOM_TABLE`), one per process. */
export const deliveriesFromEnvironment = once((): Deliveries => {
  const { HEADROOM_TABLE: table } = readEnvironment(['HEADROOM_TABLE']);
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
  return createDeliveries({ client: DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler })), table });
});

function messagePk(messageId: string): string {
  return `NOTICE#${messageId}`;
}

function threadKey(incidentId: string, channel: string): Key {
  return { pk: messagePk(incidentId), sk: `${THREAD}${channel}` };
}
