import type { Samples } from '../../core/ports/stores/samples.ts';
import type { StoredSample } from '../../core/sampler/stored-sample.ts';
import { fit } from '../process/fit.ts';
import { expiresAt, targetPk } from './table/items.ts';
import { putItem, querySince, type TableAccess } from './table/table.ts';

/** For whoever reads the morning after a weekend; the levels look back on a quarter of an hour. */
const KEEP_SAMPLES_DAYS = 3;
/** Bytes of one sample: some 26,000 of them in three days at the shortest interval. */
const SAMPLE_BYTES = 2_000;
const SAMPLE = 'SAMPLE#';

export function createSamples(table: TableAccess): Samples {
  return {
    put: (targetId, sample) =>
      putItem(table, {
        pk: targetPk(targetId),
        sk: `${SAMPLE}${new Date(sample.at).toISOString()}`,
        sample: fit(sample, SAMPLE_BYTES),
        expiresAt: expiresAt(sample.at, KEEP_SAMPLES_DAYS),
      }),
    /** Strongly consistent, because dispatch asks for the very sample that led to it. */
    async since(targetId, since) {
      const items = await querySince(table, targetPk(targetId), SAMPLE, new Date(since).toISOString());
      return items.map((item) => (item as { readonly sample: StoredSample }).sample);
    },
  };
}
