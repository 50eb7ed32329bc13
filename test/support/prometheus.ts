/** A metric of a text exposition. */
interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: ReadonlySet<string>;
}

/** The metrics of a text exposition, by their names. */
export function metricsIn(text: string): Metric[] {
  const help = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', words = '']) => [name, words]));
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
    const own = text.split('\n').filter((line) => new RegExp(`^${name}(?:_bucket|_sum|_count)?[{ ]`).test(line));
    const labels = own.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label));
    return { name, type, help: help.get(name) ?? '', labels: new Set(labels) };
  });
}

const NOT_BASE_UNITS =
  /_(?:milliseconds?|microseconds?|nanoseconds?|minutes?|hours?|days?|weeks?|fahrenheit|kelvins|rankine|inches|feet|yards|miles|bits|calories|pounds|ounces|kilobytes|megabytes|gigabytes)(?:_total)?$/;
const ABBREVIATED = /_(?:s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(?:_total)?$/;

/**
 * What the linter of Prometheus (`promtool check metrics`) would say, by its rules: help, base units, `_total` for
 * counters alone, suffixes and labels that histograms have, no type in a name, no colon, snake case, no abbreviated unit.
 */
export function lintMetrics(text: string): string[] {
  return metricsIn(text).flatMap(({ name, type, help, labels }) => {
    const isHistogram = type === 'histogram' || type === 'summary';
    const rules: readonly (readonly [broken: boolean, words: string])[] = [
      [help === '', 'no help text'],
      [NOT_BASE_UNITS.test(name), 'use base units'],
      [type === 'counter' && !name.endsWith('_total'), 'counter metrics should have "_total" suffix'],
      [type !== 'counter' && name.endsWith('_total'), 'non-counter metrics should not have "_total" suffix'],
      [!isHistogram && /_(?:bucket|count|sum)$/.test(name), 'suffix of a histogram'],
      [!isHistogram && (labels.has('le') || labels.has('quantile')), 'label of a histogram'],
      [/_(?:gauge|counter|histogram|summary|untyped)(?:_|$)/.test(name), 'metric name should not include type'],
      [name.includes(':'), 'metric names should not contain ":"'],
      [/[a-z][A-Z]/.test(name) || [...labels].some((label) => /[a-z][A-Z]/.test(label)), 'use snake_case'],
      [ABBREVIATED.test(name), 'metric names should not contain abbreviated units'],
    ];
    return rules.flatMap(([broken, words]) => (broken ? [`${name}: ${words}`] : []));
  });
}
