import { Option, type Command } from 'commander';
import * as z from 'zod/mini';
import type { PauseScope } from '../../functions/core/policy/pause.ts';
import { TIER_NAMES } from '../../functions/core/policy/tier-names.ts';
import { recordOptions, withRecordOptions } from './record-options.ts';
import { UsageError } from './usage-error.ts';
import { configFileOf } from './where.ts';

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
}

/** Throws UsageError unless exactly one of `--target` and `--all` is there. */
export function parseScope({ target, all, tier = null }: Chosen): PauseScope {
  if (all === (target !== undefined)) throw new UsageError('name one target with --target, or all of them with --all');
  return { targetId: target ?? null, tier };
}

/** Whether there is a configuration to know the targets from: one that is named, or the one that lies here. */
export function hasConfig(config: string | undefined): boolean {
  return configFileOf({ config }) !== undefined;
}
