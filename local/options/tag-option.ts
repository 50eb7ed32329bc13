import { UsageError } from './usage-error.ts';

/** Reads `--tag key=value`, several times: the wanted values by key. Throws UsageError with every one that is none. */
export function parseTags(written: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const wrong = written.filter((text) => text.indexOf('=') < 1);
  if (wrong.length > 0) {
    throw new UsageError(wrong.map((text) => `--tag ${text}: expected key=value, such as env=prod`).join('\n'));
  }
  const pairs = written.map((text) => {
    const at = text.indexOf('=');
    return { key: text.slice(0, at), value: text.slice(at + 1) };
  });
  const byKey = Map.groupBy(pairs, ({ key }) => key);
  return new Map([...byKey].map(([key, group]) => [key, new Set(group.map(({ value }) => value))]));
}
