import { memberOf } from '../../functions/core/members/member.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { parseLoginUrl } from '../../functions/engines/shared/doors/login-url.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { UsageError } from './usage-error.ts';
import { commandsOf } from './where.ts';

export interface ConfiguredTarget {
  readonly config: HeadroomConfig;
  readonly target: Target;
}

/** The options that name a target, and the records of what happens to it. */
export interface TargetOptions {
  readonly config: string;
  readonly target?: string | undefined;
  readonly records?: string | undefined;
}

/**
 * Throws ConfigInvalid with every problem of the file, UsageError when it has no such target. For a member of a cluster
 * (`shop/shop-1`) it is the cluster, whatever the name of the member.
 */
export function findTarget({ config: file, target: id, records }: TargetOptions): ConfiguredTarget {
  const config = load(file, records);
  const ids = config.targets.map((target) => target.id).join(', ');
  const [only, ...others] = config.targets;
  if (id === undefined) {
    if (only === undefined || others.length > 0) throw new UsageError(`--target is missing; ${file} has ${ids}`);
    return { config, target: only };
  }
  const clusterId = memberOf(id)?.clusterId;
  const target = config.targets.find(
    (candidate) => candidate.id === id || (candidate.id === clusterId && candidate.cluster !== undefined),
  );
  if (target === undefined) throw new UsageError(`--target ${id}: ${file} has no such target; it has ${ids}`);
  return { config, target };
}

/** For commands that a deployed worker can serve too: checks the login of a target of this machine alone. */
export function findAnyTarget(given: TargetOptions, environment: NodeJS.ProcessEnv): ConfiguredTarget {
  const found = findTarget(given);
  const { id } = found.target;
  if (placeOf(found.target) === 'local') checkLocal([found.target], environment);
  else if (given.records !== undefined) {
    throw new UsageError(`--records ${given.records}: ${id} is on AWS, and so are its records; leave --records out`);
  }
  return found;
}

/** Every target on AWS, or the one that is named. Throws UsageError where there is none. */
export function findAwsTargets(given: TargetOptions): { readonly config: HeadroomConfig; readonly targets: Target[] } {
  const config = load(given.config, given.records);
  const named = given.target === undefined ? config.targets : [findTarget(given).target];
  const targets = named.filter((target) => placeOf(target) === 'aws');
  if (targets.length === 0) {
    throw new UsageError(`--aws: ${given.target ?? given.config} is of this machine; leave --aws out`);
  }
  return { config, targets };
}

function load(file: string, records: string | undefined): HeadroomConfig {
  return { ...loadConfig(file), commands: commandsOf({ config: file, records }) };
}

/**
 * Every target of this machine, or the one that is named; the others are left out. Throws UsageError for one that is on
 * AWS, or whose login cannot be used here.
 */
export function findLocalTargets(given: TargetOptions, environment: NodeJS.ProcessEnv): HeadroomConfig {
  if (given.target !== undefined) {
    const { config, target } = findTarget(given);
    checkLocal([target], environment);
    return { ...config, targets: [target] };
  }
  const config = load(given.config, given.records);
  const local = config.targets.filter((target) => placeOf(target) === 'local');
  const targets = local.length > 0 ? local : config.targets;
  checkLocal(targets, environment);
  return { ...config, targets };
}

/** Throws UsageError with every login that cannot be used from here. */
function checkLocal(targets: readonly Target[], environment: NodeJS.ProcessEnv): void {
  const problems = new Set(targets.flatMap((target) => localProblems(target, environment)));
  if (problems.size > 0) throw new UsageError([...problems].join('\n'));
}

function localProblems({ id, auth, engine }: Target, environment: NodeJS.ProcessEnv): string[] {
  if (auth.mode !== 'url') {
    return [
      `target ${id} logs in with auth mode "${auth.mode}", which works on AWS only, where the installation samples it; ` +
        'for this machine use a target with "auth: { mode: url, variable: NAME }" and put the URL of its login in that ' +
        'environment variable',
    ];
  }
  return [auth.variable, auth.canaryVariable]
    .filter((name) => name !== undefined)
    .flatMap((name) => urlProblem(name, environment[name], engine));
}

/** Never repeats the value: it holds a password. */
function urlProblem(name: string, value: string | undefined, engine: Target['engine']): string[] {
  try {
    const { url } = engineEntry(engine);
    if (value === undefined || value === '') {
      const form = `${url.schemes[0]}://USER:PASSWORD@HOST/DATABASE`;
      return [`${name}: this environment variable is not set; set it to ${form}`];
    }
    parseLoginUrl(value, name, url);
    return [];
  } catch (error) {
    return [errorWords(error)];
  }
}
