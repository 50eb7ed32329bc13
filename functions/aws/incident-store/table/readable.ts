import type { Item } from './table.ts';

/**
 * What can be read of a list. An item that `read` throws at is left out, and the log names it: whatever has put it
 * there, it keeps nobody from reading the others.
 */
export function readable<T>(items: readonly Item[], read: (item: Item) => T): T[] {
  return items.flatMap((item) => {
    try {
      return [read(item)];
    } catch (error) {
      const [pk, sk] = [String(item['pk']), String(item['sk'])];
      const detail = error instanceof Error ? error.message : String(error);
      console.warn(JSON.stringify({ error: 'an item of the table cannot be read', pk, sk, detail }));
      return [];
    }
  });
}

/** A field of an item that holds an object with numbers under these names. Throws when it is none. */
export function recordIn<T>(item: Item, field: string, numbers: readonly (keyof T & string)[]): T {
  const value: unknown = item[field];
  if (typeof value !== 'object' || value === null) throw new Error(`${field} is no record`);
  const wrong = numbers.filter((name) => typeof (value as Record<string, unknown>)[name] !== 'number');
  if (wrong.length > 0) throw new Error(`${field} has no number in ${wrong.join(', ')}`);
  return value as T;
}
