import type { Samples } from '../../core/ports/stores/samples.ts';
import type { StoredSample } from '../../core/sampler/stored-sample.ts';
import { fit } from '../process/fit.ts';
import { packConsumers, unpackConsumers } from './table/consumer-rows.ts';
import { expiresAt, targetPk } from './table/items.ts';
import { readable, recordIn } from './table/readable.ts';
import { putItem, querySince, type Item, type TableAccess } from './table/table.ts';

/** For whoever reads the morning after a weekend; the levels look back on a quarter of an hour. */
const KEEP_SAMPLES_DAYS = 3;
/** Bytes of one sample without its consumers: some 26,000 of them in three days at the shortest interval. */
const SAMPLE_BYTES = 2_000;
const SAMPLE = 'SAMPLE#';

export function createSamples(table: TableAccess): Samples {
  return {
    put: (targetId, { consumers, ...sample }) =>
      putItem(table, {
        pk: targetPk(targetId),
        sk: `${SAMPLE}${new Date(sample.at).toISOString()}`,
        sample: fit(sample, SAMPLE_BYTES),
        ...(consumers !== null && { consumers: packConsumers(consumers) }),
        expiresAt: expiresAt(sample.at, KEEP_SAMPLES_DAYS),
      }),
    /** Strongly consistent, because dispatch asks for the very sample that led to it. */
    async since(targetId, since) {
      const items = await querySince(table, targetPk(targetId), SAMPLE, new Date(since).toISOString());
      return readable(items, sampleOf);
    },
  };
}

function sampleOf(item: Item): StoredSample {
  const sample = recordIn<StoredSample>(item, 'sample', ['at', 'tookMs']);
  const { consumers } = item as { readonly consumers?: string };
  return { ...sample, consumers: consumers === undefined ? null : unpackConsumers(consumers) };
}
