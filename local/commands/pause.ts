import { userInfo } from 'node:os';
import { Command } from 'commander';
import * as z from 'zod/mini';
import type { Pause } from '../../functions/core/incident.ts';
import { loadConfig } from '../../lib/config.ts';
import { print, printJson } from './output.ts';
import { recordOptions, usingRecords, withRecordOptions } from './record-options.ts';
import { UsageError } from './usage-error.ts';

const common = {
  ...recordOptions,
  target: z.optional(z.string()),
  all: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
};
const pauseOptions = z.object({
  ...common,
  why: z.string(),
  by: z.optional(z.string()),
  for: z.optional(z.string()),
  until: z.optional(z.string()),
});
const resumeOptions = z.object(common);

/** `headroom pause`: nothing is ended until resumed. Incidents are still opened, recorded and told. */
export function pauseCommand(): Command {
  return withTarget(
    new Command('pause').description('stop acting on a target; it is still diagnosed, recorded and told'),
  )
    .requiredOption('--why <words>', 'for whoever finds it paused')
    .option('--by <name>', 'who pauses (default: you)')
    .option('--for <time>', 'how long, such as 90m, 4h or 2d (default: until resumed)')
    .option('--until <instant>', 'until when, such as 2026-12-01T08:00Z')
    .action(async (raw: unknown) => {
      const given = pauseOptions.parse(raw);
      const at = Date.now();
      const until = parseUntil(given, at);
      const by = given.by ?? userInfo().username;
      const pauses = targetsOf(given).map((targetId): Pause => ({ targetId, by, why: given.why, at, until }));
      await usingRecords(given, async ({ store }) => {
        for (const pause of pauses) await store.pause(pause);
      });
      if (given.json) printJson(pauses);
      else for (const { targetId } of pauses) print(`${targetId} is paused ${describeUntil(until)}`);
    });
}

/** `headroom resume`: ends a pause. */
export function resumeCommand(): Command {
  return withTarget(new Command('resume').description('let Headroom act on a target again')).action(
    async (raw: unknown) => {
      const given = resumeOptions.parse(raw);
      const targets = targetsOf(given);
      const resumed = await usingRecords(given, async ({ store }) => {
        const answers: { targetId: string; was: Pause | null }[] = [];
        for (const targetId of targets) {
          answers.push({ targetId, was: await store.pauseOf(targetId) });
          await store.resume(targetId);
        }
        return answers;
      });
      if (given.json) printJson(resumed);
      else for (const { targetId, was } of resumed) print(describeResumed(targetId, was));
    },
  );
}

function withTarget(command: Command): Command {
  return withRecordOptions(command)
    .option('--target <id>', 'the target')
    .option('--all', 'every target of the configuration; needs --config')
    .option('--json', 'one JSON document on standard output');
}

interface Chosen {
  readonly target?: string | undefined;
  readonly all: boolean;
  readonly config?: string | undefined;
}

/** A target that a given configuration does not have is refused: a pause that stops nothing is worse than none. */
function targetsOf({ target, all, config }: Chosen): string[] {
  if (all === (target !== undefined)) throw new UsageError('name one target with --target, or all of them with --all');
  if (config === undefined) {
    if (target === undefined) throw new UsageError('--all needs --config FILE: it names the targets');
    return [target];
  }
  const known = loadConfig(config).targets.map(({ id }) => id);
  if (target === undefined) return known;
  if (!known.includes(target)) {
    throw new UsageError(`--target ${target}: ${config} has no such target; it has ${known.join(', ')}`);
  }
  return [target];
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function parseUntil(given: { for?: string | undefined; until?: string | undefined }, now: number): number | null {
  if (given.for !== undefined && given.until !== undefined) throw new UsageError('use --for or --until, not both');
  if (given.for !== undefined) {
    const [, count, unit] = /^(\d+)([mhd])$/.exec(given.for) ?? [];
    if (count === undefined || !isUnit(unit) || Number(count) === 0) {
      throw new UsageError(`--for ${given.for}: use a number and a unit, such as 90m, 4h or 2d`);
    }
    return now + Number(count) * UNITS[unit];
  }
  if (given.until === undefined) return null;
  const until = Date.parse(given.until);
  if (Number.isNaN(until)) throw new UsageError(`--until ${given.until}: use an instant such as 2026-12-01T08:00Z`);
  if (until <= now) throw new UsageError(`--until ${given.until} is in the past`);
  return until;
}

function isUnit(unit: string | undefined): unit is keyof typeof UNITS {
  return unit !== undefined && unit in UNITS;
}

function describeUntil(until: number | null): string {
  return until === null ? 'until resumed' : `until ${new Date(until).toISOString()}`;
}

function describeResumed(targetId: string, was: Pause | null): string {
  return was === null ? `${targetId} was not paused` : `${targetId} is resumed; ${was.by} had paused it: ${was.why}`;
}
