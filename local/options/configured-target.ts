import { errorWords } from '../../functions/core/words/error-words.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { parseLoginUrl } from '../../functions/engines/shared/doors/login-url.ts';
import { loadConfig } from '../../lib/config/config.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { UsageError } from './usage-error.ts';

export interface ConfiguredTarget {
  readonly config: HeadroomConfig;
  readonly target: Target;
}

/** Throws ConfigInvalid with every problem of the file, UsageError when it has no such target. */
export function findTarget(file: string, id: string | undefined): ConfiguredTarget {
  const config = loadConfig(file);
  const ids = config.targets.map((target) => target.id).join(', ');
  const [only, ...others] = config.targets;
  if (id === undefined) {
    if (only === undefined || others.length > 0) throw new UsageError(`--target is missing; ${file} has ${ids}`);
    return { config, target: only };
  }
  const target = config.targets.find((candidate) => candidate.id === id);
  if (target === undefined) throw new UsageError(`--target ${id}: ${file} has no such target; it has ${ids}`);
  return { config, target };
}

/** For runs on this machine: checks that the login can be used here and that its variables are set. */
export function findLocalTarget(
  file: string,
  id: string | undefined,
  environment: NodeJS.ProcessEnv,
): ConfiguredTarget {
  const found = findTarget(file, id);
  checkLocal([found.target], environment);
  return found;
}

/** The same for every target that runs on this machine, or for the one with that id; the others are left out. */
export function findLocalTargets(file: string, id: string | undefined, environment: NodeJS.ProcessEnv): HeadroomConfig {
  if (id !== undefined) {
    const { config, target } = findLocalTarget(file, id, environment);
    return { ...config, targets: [target] };
  }
  const config = loadConfig(file);
  const local = config.targets.filter(({ auth }) => auth.mode === 'url');
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
      `target ${id} logs in with auth mode "${auth.mode}", which works on AWS only; for runs on this machine ` +
        'use a target with "auth: { mode: url, variable: NAME }" and put the URL of its login in that environment variable',
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
