import { isPersons } from '../../functions/core/plan/tiers/tier.ts';
import type { Target } from '../../lib/config/schema.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';

/**
 * Lifts the limits that people have set on these targets, whatever their time: nobody lifts them once the watch has
 * ended. What cannot be lifted pages people, and stays on record for the next watch. Throws only for the records.
 */
export async function liftOnStop(
  { store, reconcile, now }: Pick<LocalRuntime, 'store' | 'reconcile'> & { readonly now: () => number },
  targets: readonly Pick<Target, 'id'>[],
): Promise<void> {
  await Promise.all(
    targets.map(async ({ id }) => {
      const ofPersons = (await store.limits.of(id)).filter(isPersons);
      if (ofPersons.length === 0) return;
      for (const limit of ofPersons) await store.limits.endAt(limit, now());
      await reconcile(id);
    }),
  );
}
