import type { Profiles } from '../../core/ports/stores/profiles.ts';
import type { Quarter } from '../../core/usual/profile.ts';
import { packQuarter, unpackQuarter } from './table/consumer-rows.ts';
import { expiresAt, targetPk } from './table/items.ts';
import { readable } from './table/readable.ts';
import { keysSince, queryAll, updateIf, type Item, type TableAccess } from './table/table.ts';

/** A day more than a profile goes back. */
const KEEP_QUARTERS_DAYS = 15;
const QUARTER = 'QUARTER#';

export function createProfiles(table: TableAccess): Profiles {
  return {
    async put(targetId, quarter) {
      await updateIf(table, {
        key: { pk: targetPk(targetId), sk: `${QUARTER}${new Date(quarter.at).toISOString()}` },
        update:
          'SET beginsAt = :at, sampleCount = :samples, leftOut = :leftOut, consumers = :consumers, expiresAt = :expiresAt',
        condition: 'attribute_not_exists(pk) OR sampleCount < :samples',
        values: {
          at: quarter.at,
          samples: quarter.samples,
          leftOut: quarter.leftOut ?? 0,
          consumers: packQuarter(quarter),
          expiresAt: expiresAt(quarter.at, KEEP_QUARTERS_DAYS),
        },
      });
    },
    async since(targetId, since) {
      const keys = keysSince(targetPk(targetId), QUARTER, new Date(since).toISOString());
      return readable(await queryAll(table, keys), quarterOfItem);
    },
  };
}

function quarterOfItem(item: Item): Quarter {
  const { beginsAt, sampleCount, leftOut, consumers } = item as {
    readonly beginsAt: number;
    readonly sampleCount: number;
    /** Quarters of earlier versions have none. */
    readonly leftOut?: number;
    readonly consumers: string;
  };
  return { at: beginsAt, samples: sampleCount, ...(leftOut && { leftOut }), ...unpackQuarter(consumers) };
}
