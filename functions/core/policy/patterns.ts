interface Matcher {
  readonly exact: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

/** Pattern lists live as long as their policy and are matched against thousands of sessions. */
const matchers = new WeakMap<readonly string[], Matcher>();

function matcherOf(patterns: readonly string[]): Matcher {
  const known = matchers.get(patterns);
  if (known) return known;
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const matcher = {
    exact: new Set(lower.filter((pattern) => !pattern.endsWith('*'))),
    prefixes: lower.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1)),
  };
  matchers.set(patterns, matcher);
  return matcher;
}

/** Whether a name equals a pattern, or starts like one that ends in `*`. Ignores case. */
export function matchesAny(name: string, patterns: readonly string[]): boolean {
  const lower = name.toLowerCase();
  const { exact, prefixes } = matcherOf(patterns);
  return exact.has(lower) || prefixes.some((prefix) => lower.startsWith(prefix));
}
