import type { ActiveWarning, Warnings } from '../../core/ports/stores/warnings.ts';
import { expiresAt, targetPk } from './table/items.ts';
import { deleteItem, queryPrefix, updateIf, type Item, type Key, type TableAccess } from './table/table.ts';

/** People are notified again of a warning that is active for longer. */
const KEEP_WARNINGS_DAYS = 30;
const WARNING = 'WARNING#';

export function createWarnings(table: TableAccess): Warnings {
  return {
    of: async (targetId) => (await queryPrefix(table, targetPk(targetId), WARNING)).map(warningOf),
    /** One write: the warning is there, and the caller alone may send it until the claim runs out. */
    async claim(targetId, { name, since }, { at, until }) {
      const isUnsent = 'attribute_not_exists(toldAt)';
      const isFree = '(attribute_not_exists(claimedUntil) OR claimedUntil <= :at)';
      const claimed = await updateIf(table, {
        key: keyOf(targetId, name),
        update: 'SET since = if_not_exists(since, :since), claimedUntil = :until, expiresAt = :expiresAt',
        condition: `${isUnsent} AND ${isFree}`,
        values: { since, at, until, expiresAt: expiresAt(at, KEEP_WARNINGS_DAYS) },
      });
      return claimed !== null;
    },
    async markNotified(targetId, name, at) {
      await updateIf(table, {
        key: keyOf(targetId, name),
        update: 'SET toldAt = :at',
        condition: 'attribute_exists(pk)',
        values: { at },
      });
    },
    clear: (targetId, name) => deleteItem(table, keyOf(targetId, name)),
  };
}

function keyOf(targetId: string, name: string): Key {
  return { pk: targetPk(targetId), sk: `${WARNING}${name}` };
}

function warningOf(item: Item): ActiveWarning {
  const { sk, since, toldAt } = item as Key & { readonly since: number; readonly toldAt?: number };
  return { name: sk.slice(WARNING.length), since, notifiedAt: toldAt ?? null };
}
