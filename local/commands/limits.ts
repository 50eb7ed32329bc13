import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import { whyNotYet } from '../../functions/call/lift-limit.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { LimitRecord } from '../../functions/core/record/limit.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { print, printJson } from '../terminal/output.ts';
import { findLimit, limitsLiftCommand, LONGEST_USER } from './limits-lift.ts';
import { limitsSetCommand } from './limits-set.ts';

const listOptions = z.object({ ...recordOptions, target: z.string(), json: z._default(z.boolean(), false) });
const dropOptions = z.extend(listOptions, {
  user: z.string(),
  why: z.string().check(z.trim()),
  by: z.optional(z.string()),
});
type DropOptions = z.infer<typeof dropOptions>;

/**
 * `headroom limits list | set | lift | drop`: temporary limits that cap-consumer or a person has set and that are, or
 * may be, still active. `list` and `drop` know those of removed targets too.
 */
export function limitsCommand(): Command {
  const list = withOptions(new Command('list').description('which are active, and since when')).action(
    async (raw: unknown) => {
      await listLimits(listOptions.parse(raw));
    },
  );
  const drop = withOptions(
    new Command('drop').description(
      'remove from the record one that Headroom can never lift; the server is not changed',
    ),
  )
    .requiredOption('--user <name>', 'whose limit')
    .requiredOption('--why <words>', 'the reason, for readers of the incident')
    .option('--by <name>', 'who drops it (default: you)')
    .action(async (raw: unknown) => {
      const given = dropOptions.parse(raw);
      if (given.why === '') throw new UsageError('--why is empty: give the reason, for readers of the incident');
      const limit = await readingRecords(given, ({ store }) => dropLimit(store, given));
      if (given.json) printJson(limit);
      else print(`removed from the record: ${limitLine(limit)}`);
    });
  return new Command('limits')
    .description('temporary limits on users')
    .addCommand(list)
    .addCommand(limitsSetCommand())
    .addCommand(limitsLiftCommand())
    .addCommand(drop);
}

/** Prints those of a target. */
export async function listLimits(given: z.infer<typeof listOptions>): Promise<void> {
  const limits = await readingRecords(given, ({ store }) => store.limits.of(given.target));
  if (given.json) printJson(limits);
  else print(limits.length === 0 ? `no limit on record for ${given.target}` : limits.map(limitLine).join('\n'));
}

function withOptions(command: Command): Command {
  return withRecordOptions(command)
    .requiredOption('--target <id>', 'of this target')
    .option('--json', 'one JSON document on standard output');
}

async function dropLimit(
  store: IncidentStore,
  { target, user, by = userInfo().username, why: reason }: DropOptions,
): Promise<LimitRecord> {
  const limit = findLimit(await store.limits.of(target), { target, user });
  const why = await whyNotYet(limit, store);
  if (why !== null) throw new UsageError(why);
  await store.limits.settle(limit, 'dropped', Date.now(), { by, why: reason });
  return limit;
}

function limitLine({ user, limit, before, at, incidentId, until, toldAt }: LimitRecord): string {
  const name = printable(user, LONGEST_USER);
  const notified = toldAt === null ? '' : `; could not be lifted, notified ${new Date(toldAt).toISOString()}`;
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`;
  return `${name}: ${limit} connections since ${new Date(at).toISOString()}${end} (before: ${before ?? 'no limit'}), incident ${incidentId}${notified}`;
}
