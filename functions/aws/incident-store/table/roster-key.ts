import { updateIf, type Key, type TableAccess } from './table.ts';

/** The roster is one partition: what is read each minute of every target. */
export const ROSTER = 'ROSTER';

export const rosterKey = (targetId: string): Key => ({ pk: ROSTER, sk: targetId });

/**
 * Notes on the roster that something may be left to do for a target; before an incident is opened, so that no crash
 * leaves one that nobody looks after. A target that is not on the roster gets no row.
 */
export async function markOwing(table: TableAccess, targetId: string, at: number): Promise<void> {
  await updateIf(table, {
    key: rosterKey(targetId),
    update: 'SET owesSince = :at',
    condition: 'attribute_exists(pk) AND (attribute_not_exists(owesSince) OR owesSince < :at)',
    values: { at },
  });
}
