import { loadInstallations } from '../../lib/config/config.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { UsageError } from './usage-error.ts';
import { configFileOf } from './where.ts';

interface Named {
  readonly config?: string | undefined;
  readonly target?: string | undefined;
}

/**
 * What `--config FILE --target ID` come to where the file has several installations: `FILE#INSTALLATION`, and the id
 * alone. The target is named `INSTALLATION/ID`, or `ID` where one installation has it, likewise a member of a cluster. Null where nothing is to be
 * changed, or where the command itself says what is wrong with the file. Throws UsageError when it is no target, or more
 * than one.
 */
export function nameInstallation(given: Named): { readonly config: string; readonly target: string } | null {
  const { target } = given;
  const file = configFileOf(given);
  if (file === undefined || target === undefined) return null;
  const all = installationsIn(file);
  if (all.length === 0 || (all.length === 1 && !target.includes('/'))) return null;
  const [found, ...others] = all.flatMap((config) => {
    const own = `${config.name ?? ''}/`;
    const ids = [target, ...(target.startsWith(own) ? [target.slice(own.length)] : [])];
    const id = ids.find((each) => config.targets.some((one) => isOf(one, each)));
    return id === undefined ? [] : [{ config, id }];
  });
  if (found === undefined) {
    const there = all.flatMap((config) => config.targets.map(({ id }) => nameOf(config, id)));
    throw new UsageError(`--target ${target}: ${file} has no such target; it has ${there.join(', ')}`);
  }
  if (others.length > 0) {
    const meant = [found, ...others].map(({ config, id }) => nameOf(config, id));
    throw new UsageError(`--target ${target}: ${file} has several of that name; say which: ${meant.join(' or ')}`);
  }
  return { config: found.config.commands?.config ?? file, target: found.id };
}

/** Whether an id is that of a target, or of a member of it. */
function isOf({ id, cluster }: Target, named: string): boolean {
  return named === id || (cluster !== undefined && named.startsWith(`${id}/`));
}

function nameOf({ name }: HeadroomConfig, id: string): string {
  return name == null ? id : `${name}/${id}`;
}

function installationsIn(file: string): readonly HeadroomConfig[] {
  try {
    return loadInstallations(file);
  } catch {
    return [];
  }
}
