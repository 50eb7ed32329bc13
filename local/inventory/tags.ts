import type { Tag } from '@aws-sdk/client-rds';

/** Wanted values by key: a database needs one of the values of every key. */
export type WantedTags = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether an instance has them. What its own tags do not say, those of its cluster do. */
export function hasTags(wanted: WantedTags, own: readonly Tag[] = [], ofCluster: readonly Tag[] = []): boolean {
  const tags = new Map([...ofCluster, ...own].map(({ Key, Value = '' }) => [Key, Value]));
  return [...wanted].every(([key, values]) => values.has(tags.get(key) ?? '') && tags.has(key));
}
