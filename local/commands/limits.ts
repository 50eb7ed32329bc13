import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { LimitRecord } from '../../functions/core/record/limit.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { print, printJson } from '../terminal/output.ts';

const LONGEST_USER = 63;

const listOptions = z.object({ ...recordOptions, target: z.string(), json: z._default(z.boolean(), false) });
const dropOptions = z.extend(listOptions, {
  user: z.string(),
  why: z.string().check(z.trim()),
  by: z.optional(z.string()),
});
type DropOptions = z.infer<typeof dropOptions>;

/**
 * `headroom limits list | drop`: temporary limits that cap-consumer has set and that are, or may be, still active; of
 * removed targets too.
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
  return new Command('limits').description('temporary limits on users').addCommand(list).addCommand(drop);
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
  { target, user, by = userInfo().username, why }: DropOptions,
): Promise<LimitRecord> {
  const limits = await store.limits.of(target);
  // A hostile name cannot be typed: its printed form will do, where that is unambiguous.
  const [limit, other] = limits.filter((each) => each.user === user || printable(each.user, LONGEST_USER) === user);
  if (limit === undefined || other !== undefined) {
    const which = limits.map((each) => printable(each.user, LONGEST_USER)).join(', ');
    throw new UsageError(
      `--user ${user}: ${limit === undefined ? 'no limit on record' : 'more than one'} of ${target}; it has ${which || 'none'}`,
    );
  }
  const incident = await store.incidents.byId(limit.incidentId);
  if (incident?.status === 'open') {
    throw new UsageError(`incident ${limit.incidentId} is still open; it lifts this limit when it closes`);
  }
  await store.limits.settle(limit, 'dropped', Date.now(), { by, why });
  return limit;
}

function limitLine({ user, limit, before, at, incidentId, toldAt }: LimitRecord): string {
  const name = printable(user, LONGEST_USER);
  const notified = toldAt === null ? '' : `; could not be lifted, notified ${new Date(toldAt).toISOString()}`;
  return `${name}: ${limit} connections since ${new Date(at).toISOString()} (before: ${before ?? 'no limit'}), incident ${incidentId}${notified}`;
}
