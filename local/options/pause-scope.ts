import { Option, type Command } from 'commander';
import * as z from 'zod/mini';
import type { PauseScope } from '../../functions/core/policy/pause.ts';
import { TIER_NAMES } from '../../functions/core/policy/tier-names.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { recordOptions, withRecordOptions } from './record-options.ts';
import { UsageError } from './usage-error.ts';

export const scopeOptions = {
  ...recordOptions,
  target: z.optional(z.string()),
  all: z._default(z.boolean(), false),
  tier: z.optional(z.enum(TIER_NAMES)),
  json: z._default(z.boolean(), false),
};

/** The options that say what is paused or resumed. */
export function withScope(command: Command): Command {
  return withRecordOptions(command)
    .option('--target <id>', 'one target')
    .option('--all', 'every target, including ones added later')
    .addOption(new Option('--tier <tier>', 'one tier only').choices([...TIER_NAMES]))
    .option('--json', 'one JSON document on standard output');
}

interface Chosen {
  readonly target?: string | undefined;
  readonly all: boolean;
  readonly tier?: PauseScope['tier'] | undefined;
  readonly config?: string | undefined;
}

/** Throws UsageError unless exactly one of `--target` and `--all` is there. */
export function parseScope({ target, all, tier = null, config }: Chosen): PauseScope {
  if (all === (target !== undefined)) throw new UsageError('name one target with --target, or all of them with --all');
  checkTarget(target, config);
  return { targetId: target ?? null, tier };
}

/** A target that a given configuration does not have is refused: a pause that stops nothing is worse than no pause. */
export function checkTarget(target: string | undefined, config: string | undefined): void {
  if (target === undefined || config === undefined) return;
  const known = loadConfig(config).targets.map(({ id }) => id);
  if (known.includes(target)) return;
  throw new UsageError(`--target ${target}: ${config} has no such target; it has ${known.join(', ')}`);
}
