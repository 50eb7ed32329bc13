import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import {
  describePause,
  overlaps,
  resumeCommandFor,
  scopeInWords,
  type Pause,
  type PauseScope,
} from '../../functions/core/policy/pause.ts';
import { DEFAULT_CONFIG } from '../../lib/config/config.ts';
import { findTarget, type TargetOptions } from '../options/configured-target.ts';
import { checkKnown } from '../options/found-server.ts';
import { parseUntil } from '../options/parse-until.ts';
import { hasConfig, parseScope, scopeOptions, withScope } from '../options/pause-scope.ts';
import { readingRecords, usingRecords } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { commandsOf } from '../options/where.ts';
import { print, printJson } from '../terminal/output.ts';

const pauseOptions = z.object({
  ...scopeOptions,
  list: z._default(z.boolean(), false),
  why: z.optional(z.string().check(z.trim())),
  by: z.optional(z.string()),
  for: z.optional(z.string()),
  until: z.optional(z.string()),
});
type PauseOptions = z.infer<typeof pauseOptions>;
const resumeOptions = z.object(scopeOptions);
type ResumeOptions = z.infer<typeof resumeOptions>;

/** `headroom pause`: nothing is ended until resumed. Incidents are still opened, recorded and notified. */
export function pauseCommand(): Command {
  return withScope(
    new Command('pause').description(
      'stop acting on everything, one target or one tier; Headroom still diagnoses, records and notifies',
    ),
  )
    .option('--why <words>', 'the reason, for people who find it paused')
    .option('--by <name>', 'who pauses (default: you)')
    .option('--for <time>', 'how long, such as 90m, 4h or 2d (default: until resumed)')
    .option('--until <instant>', 'until when, such as 2026-12-01T08:00Z')
    .option('--list', 'show what is paused instead')
    .action(async (raw: unknown) => {
      const given = pauseOptions.parse(raw);
      if (given.list) await listPauses(given);
      else await pause(given);
    });
}

/** `headroom resume`: ends a pause. */
export function resumeCommand(): Command {
  return withScope(new Command('resume').description('lift a pause of the same scope')).action(async (raw: unknown) =>
    resume(resumeOptions.parse(raw)),
  );
}

async function pause(given: PauseOptions): Promise<void> {
  const scope = parseScope(given);
  if (given.target !== undefined) findTarget(targetOptions(given));
  if (given.why === undefined || given.why === '') {
    throw new UsageError('--why is missing: give the reason, for people who find it paused');
  }
  const at = Date.now();
  const made: Pause = {
    ...scope,
    by: given.by ?? userInfo().username,
    why: given.why,
    at,
    until: parseUntil(given, at),
  };
  const replaced = await usingRecords(given, async ({ store }) => {
    // A pause that stops nothing is worse than no pause.
    if (given.target !== undefined) await checkKnown(targetOptions(given), store.targets);
    const earlier = (await store.pauses.active()).find(
      ({ targetId, tier }) => targetId === made.targetId && tier === made.tier,
    );
    if (earlier && endsBefore(made, earlier)) {
      throw new UsageError(
        `${pauseLine(earlier)}; that pause lasts longer and would be replaced. Lift it first: ${resumeCommandFor(earlier, commandsOf(given))}`,
      );
    }
    await store.pauses.put(made);
    return earlier;
  });
  if (given.json) {
    printJson(made);
    return;
  }
  print(pauseLine(made));
  if (replaced) print(`replaces: ${pauseLine(replaced)}`);
}

function targetOptions({ config = DEFAULT_CONFIG, target }: Pick<PauseOptions, 'config' | 'target'>): TargetOptions {
  return { config, target };
}

function endsBefore({ until }: Pause, other: Pause): boolean {
  return until !== null && (other.until === null || until < other.until);
}

async function resume(given: ResumeOptions): Promise<void> {
  const scope = parseScope(given);
  const { was, remaining } = await usingRecords(given, async ({ store }) => ({
    was: await store.pauses.lift(scope),
    remaining: (await store.pauses.active()).filter((other) => overlaps(other, scope)),
  }));
  // A target that was removed may still be paused; any other name is a typo.
  if (was === null && given.target !== undefined && hasConfig(given.config)) findTarget(targetOptions(given));
  if (given.json) {
    printJson({ ...scope, was, remaining });
    return;
  }
  print(was === null ? `there was no pause of ${scopeInWords(scope)} to lift` : describeResumed(scope, was));
  for (const other of remaining) print(`still active: ${pauseLine(other)}`);
}

async function listPauses(given: PauseOptions): Promise<void> {
  if (given.target !== undefined && hasConfig(given.config)) findTarget(targetOptions(given));
  const scope: PauseScope = { targetId: given.target ?? null, tier: given.tier ?? null };
  const pauses = await readingRecords(
    given,
    ({ store }) => store.pauses.active(),
    () => [],
  );
  const wanted = pauses.filter((pause) => overlaps(pause, scope));
  if (given.json) printJson(wanted);
  else if (wanted.length === 0) print('nothing is paused');
  else for (const pause of wanted) print(`${pauseLine(pause)} (since ${new Date(pause.at).toISOString()})`);
}

function pauseLine(pause: Pause): string {
  return `${scopeInWords(pause)}: ${describePause(pause)}`;
}

function describeResumed(scope: PauseScope, was: Pause): string {
  return `${scopeInWords(scope)} is resumed; it was ${describePause(was)}`;
}
