import type { Gathered, KeptNotice } from '../../core/ports/stores/gathered.ts';
import type { GatheredNotice } from '../../core/record/notice.ts';
import { sha256 } from '../../core/words/sha256.ts';
import { expiresAt, ordinal } from './table/items.ts';
import {
  deleteItem,
  putItem,
  queryPrefix,
  readItem,
  updateIf,
  type Item,
  type Key,
  type TableAccess,
} from './table/table.ts';

/** Their partition. */
const NOTICES = 'NOTICES';
/** Longer than an incident stays open. */
const KEEP_ALONE_DAYS = 30;
/** Should nothing ever tell of them: what is that old is of no use any more. */
const KEEP_DAYS = 7;
const HELD = 'HELD#';
/** Digits of an epoch time in milliseconds. */
const AT_DIGITS = 14;
/** How many are forgotten side by side. */
const AT_ONCE = 25;

const keyOf = (sk: string): Key => ({ pk: NOTICES, sk });
const TELLING = keyOf('TELLING');

/** One partition for the installation: some twenty writes a second at the worst, of which a partition takes a thousand. */
export function createGathered(table: TableAccess): Gathered {
  return {
    async admit({ incidentId, severity, at }, most) {
      const alone = incidentId === '' ? null : keyOf(`ALONE#${incidentId}`);
      if (alone !== null && (await readItem(table, alone)) !== null) return true;
      const minute = ordinal(Math.floor(at / 60_000), 10);
      const counted = await updateIf(table, {
        key: keyOf(`MINUTE#${minute}#${severity}`),
        update: 'SET expiresAt = :expiresAt ADD notices :one',
        condition: 'attribute_not_exists(notices) OR notices < :most',
        values: { one: 1, most, expiresAt: expiresAt(at, 1) },
      });
      if (counted === null) return false;
      if (alone !== null) await putItem(table, { ...alone, expiresAt: expiresAt(at, KEEP_ALONE_DAYS) });
      return true;
    },
    async keep(notice) {
      const { incidentId, target, notice: kind, headline, at } = notice;
      const sk = `${HELD}${ordinal(at, AT_DIGITS)}#${sha256([incidentId, target, kind, headline].join('\n')).slice(0, 16)}`;
      await putItem(table, { ...keyOf(sk), held: { ...notice }, expiresAt: expiresAt(at, KEEP_DAYS) });
    },
    isWaiting: async () => (await queryPrefix(table, NOTICES, HELD, 1)).length > 0,
    async claim(at, until) {
      const claimed = await updateIf(table, {
        key: TELLING,
        update: 'SET claimedUntil = :until, expiresAt = :expiresAt',
        condition: 'attribute_not_exists(claimedUntil) OR claimedUntil <= :at',
        values: { at, until, expiresAt: expiresAt(at, 1) },
      });
      return claimed !== null;
    },
    release: () => deleteItem(table, TELLING),
    all: async () => (await queryPrefix(table, NOTICES, HELD)).map(keptOf),
    async forget(notices) {
      for (let from = 0; from < notices.length; from += AT_ONCE) {
        await Promise.all(notices.slice(from, from + AT_ONCE).map(({ key }) => deleteItem(table, keyOf(key))));
      }
    },
  };
}

// Only this module writes these items.
function keptOf(item: Item): KeptNotice {
  const { sk, held } = item as Key & { readonly held: GatheredNotice };
  return { ...held, key: sk };
}
