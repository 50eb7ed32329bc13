import { checkInstallations } from '../config/config.ts';
import { ConfigInvalid, type ConfigProblem } from '../config/problems.ts';
import type { HeadroomConfig } from '../config/schema.ts';

export type PropertyProblem = ConfigProblem;

/** What is checked, and by what beside the schema. */
interface Check {
  /** What a headroom.yaml would say. */
  readonly file: object;
  /** Problems that are known already. */
  readonly found: readonly PropertyProblem[];
  /** Problems of a configuration that is valid by itself. */
  readonly judge: (config: HeadroomConfig) => readonly PropertyProblem[];
}

/** Checks properties as headroom.yaml is checked. Throws ConfigInvalid with every problem, by the property's name. */
export function checkProps(source: string, { file, found, judge }: Check): HeadroomConfig {
  const problems = [...found];
  try {
    const [config] = checkInstallations(withoutUndefined(file), source);
    if (config === undefined) throw new Error('an installation that was checked is gone');
    problems.push(...judge(config));
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    problems.push(...error.problems);
  }
  throw new ConfigInvalid(
    source,
    problems.map((each) => ({ ...each, path: propertyOf(each.path) })),
  );
}

export function problem(path: string, message: string): PropertyProblem {
  return { path, line: null, value: null, message };
}

/** `targets[0].policy.x` is `policy.x` of a database; what all have is said once, of the installation. */
function propertyOf(path: string): string {
  return path
    .replace(/^(targets\[0\]|installation)\./, '')
    .replace(/^defaults\.(.*)$/, '$1 of new Headroom()')
    .replace(/^endpoint\.database$/, 'databaseName')
    .replace(/^endpoint\.host$/, 'database.instanceEndpoint')
    .replace(/^instance$/, 'database.instanceIdentifier')
    .replace(/^cluster$/, 'database.clusterIdentifier');
}

/** A property that is undefined counts as not given, at any depth. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withoutUndefined(inner)]),
  );
}
