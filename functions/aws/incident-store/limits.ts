import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import type { RecordedLimits } from '../../core/ports/stores/limits.ts';
import type { LimitRecord, SettledLimit } from '../../core/record/limit.ts';
import { expiresAt, incidentPk, KEEP_RECORDS_DAYS, ordinal, targetPk } from './table/items.ts';
import { readable, recordIn } from './table/readable.ts';
import {
  putNewItem,
  queryPrefix,
  unlessConditionFails,
  updateIf,
  type Item,
  type Key,
  type TableAccess,
} from './table/table.ts';

// In the table a limit is called `cap`, as it was by the first version.
const LIMIT = 'CAP#';
const isSameLimit = 'cap.incidentId = :id';

/**
 * One item per target and user says that the user is, or may be, under a temporary limit. It has no expiry: it goes
 * only when the limit has been settled.
 *
 *     record ──▶ (the worker sets the limit) ──▶ confirm ──▶ … ──▶ (the worker lifts it) ──▶ write the end ──▶ delete
 *
 * Each arrow may be a crash: whoever reads the item next lifts the limit again, which does nothing when it was lifted
 * already.
 */
export function createLimits(table: TableAccess): RecordedLimits {
  return {
    record: (limit) => putNewItem(table, { ...keyOf(limit), cap: limit }),
    async confirm(limit) {
      await updateIf(table, {
        key: keyOf(limit),
        update: 'SET cap.isSet = :true',
        condition: isSameLimit,
        values: { id: limit.incidentId, true: true },
      });
    },
    async endAt(limit, at) {
      await updateIf(table, {
        key: keyOf(limit),
        update: 'SET cap.#until = :at',
        condition: isSameLimit,
        names: { until: 'until' },
        values: { id: limit.incidentId, at },
      });
    },
    async markReported(limit, at) {
      await updateIf(table, {
        key: keyOf(limit),
        update: 'SET cap.toldAt = :at',
        condition: isSameLimit,
        values: { id: limit.incidentId, at },
      });
    },
    /**
     * The end is written first: a crash in between leaves a limit that is lifted once more, and ends in the same words.
     */
    async settle(limit, end, at, dropped) {
      await putNewItem(table, settledItem({ ...limit, end, endedAt: at, dropped: dropped ?? null }));
      await deleteSame(table, limit);
    },
    async of(targetId) {
      const items = await queryPrefix(table, targetPk(targetId), LIMIT);
      return readable(items, (item) => recordIn<LimitRecord>(item, 'cap', ['limit', 'at', 'setBy']));
    },
    async settledOf(incidentId) {
      const items = await queryPrefix(table, incidentPk(incidentId), LIMIT);
      return readable(items, (item) => recordIn<SettledLimit>(item, 'cap', ['limit', 'at', 'endedAt']));
    },
  };
}

function keyOf({ targetId, user }: LimitRecord): Key {
  return { pk: targetPk(targetId), sk: `${LIMIT}${user}` };
}

function settledItem(settled: SettledLimit): Item {
  return {
    pk: incidentPk(settled.incidentId),
    sk: `${LIMIT}${ordinal(settled.at, 15)}#${settled.user}`,
    cap: settled,
    expiresAt: expiresAt(settled.endedAt, KEEP_RECORDS_DAYS),
  };
}

async function deleteSame({ client, table }: TableAccess, limit: LimitRecord): Promise<void> {
  const command = new DeleteCommand({
    TableName: table,
    Key: keyOf(limit),
    ConditionExpression: isSameLimit,
    ExpressionAttributeValues: { ':id': limit.incidentId },
  });
  await unlessConditionFails(client.send(command));
}
