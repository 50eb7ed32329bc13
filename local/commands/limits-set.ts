import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import {
  carryOutLimit,
  proposeLimit,
  type LimitDependencies,
  type LimitingCall,
} from '../../functions/call/carry-out-limit.ts';
import type { Notifier } from '../../functions/core/ports/outside.ts';
import { deliverPending, type DeliverDependencies } from '../../functions/incident/deliver.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import { createOwnNotifier } from '../delivery/own-notifier.ts';
import { findServer, type FoundServer } from '../options/found-server.ts';
import { parseSpan } from '../options/parse-until.ts';
import { usingRecords } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { DEFAULT_RECORDS } from '../options/where.ts';
import { limitInWords, limitJson, limitResultInWords } from '../plans/limit-output.ts';
import { findLifter } from '../runs/lifter.ts';
import { workerFor, type OpenWorker } from '../runs/own-worker.ts';
import { confirmByName } from '../terminal/confirm.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { paint, print, printJson, say } from '../terminal/output.ts';

const flag = () => z._default(z.boolean(), false);
const options = z.object({
  config: z._default(z.string(), 'headroom.yaml'),
  target: z.optional(z.string()),
  user: z.string().check(z.minLength(1, 'name whose connections')),
  limit: z.string().check(z.regex(/^[1-9]\d{0,5}$/, 'use a whole number of connections, 1 or more')),
  for: z._default(z.string(), '30m'),
  why: z.optional(z.string().check(z.trim())),
  by: z.optional(z.string()),
  yes: flag(),
  dryRun: flag(),
  records: z.optional(z.string()),
  aws: flag(),
  json: flag(),
});
export type SetLimitOptions = z.infer<typeof options> & { readonly forMs: number };

/** A limit that is needed for longer is no temporary one. */
const LONGEST_MS = 24 * 3_600_000;

/** `headroom limits set`: a temporary limit by a person, through the guards and with the record of every act. */
export function limitsSetCommand(): Command {
  return new Command('set')
    .description('limit the connections of a user for some time, after showing what that means')
    .requiredOption('--user <name>', 'whose connections: the exact name')
    .requiredOption('--limit <number>', 'how many at most')
    .option('--for <time>', 'how long, such as 30m or 2h; 24h at most', '30m')
    .option('--why <words>', 'for the record')
    .option('--by <name>', 'who decides it (default: you)')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--dry-run', 'show what it would mean, and set nothing')
    .option('--yes', 'do not ask')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--records <folder>', `where incidents of this machine are kept (default: ${DEFAULT_RECORDS})`)
    .option('--aws', 'only for a target of an installation on AWS; the configuration says which are')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = parseSetLimit(raw);
      await setLimitManually(given, await findServer(given, process.env), workerFor);
    });
}

/** Throws UsageError with every problem. */
export function parseSetLimit(raw: unknown): SetLimitOptions {
  const given = z.record(z.string(), z.unknown()).parse(raw);
  const parsed = options.safeParse(given);
  const problems = (parsed.error?.issues ?? []).map(
    ({ path, message }) => `--${path.join('.')} ${JSON.stringify(given[path.join('.')])}: ${message}`,
  );
  const span = typeof given['for'] === 'string' ? given['for'] : '30m';
  let forMs = 0;
  try {
    forMs = parseSpan('--for', span);
    if (forMs > LONGEST_MS) problems.push(`--for ${span}: a temporary limit lasts 24h at most`);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  if (given['dryRun'] !== true && (given['why'] ?? '') === '') {
    problems.push('--why is missing: give the reason, for the record');
  }
  if (!parsed.success || problems.length > 0) throw new UsageError(problems.join('\n'));
  return { ...parsed.data, forMs };
}

/** Shows what the limit means and who lifts it, asks, sets it and says how it went, which is the exit status too. */
export async function setLimitManually(given: SetLimitOptions, found: FoundServer, open: OpenWorker): Promise<void> {
  const { config, target, settings } = found;
  const isOnAws = placeOf(target) === 'aws';
  if (isOnAws) refuseWhereWorkerMayNot(found);
  else if (given.aws) throw new UsageError(`--aws: ${target.id} logs in by a URL from this machine`);
  await usingRecords({ ...given, aws: false, target: target.id }, async ({ store, owner }) => {
    const lifter = await findLifter(settings, { isOnAws, store, owner }, Date.now());
    const worker = await open(config, target, process.env);
    try {
      // On AWS the reconciler sends the notices within a minute.
      const notifier = isOnAws ? null : createOwnNotifier(config.notify);
      await setLimit(given, settings, lifter, { store, worker, now: Date.now, notifier });
    } finally {
      worker.close();
    }
  });
}

/** Throws CallRefused where nobody would lift a limit of this target. */
export async function refuseWithoutLifter(
  given: Pick<SetLimitOptions, 'config' | 'records'>,
  { target, settings }: FoundServer,
): Promise<void> {
  const isOnAws = placeOf(target) === 'aws';
  await usingRecords({ ...given, aws: false, target: target.id }, ({ store, owner }) =>
    findLifter(settings, { isOnAws, store, owner }, Date.now()),
  );
}

/** Before anything is asked of AWS: the worker's own settings would refuse it in the end. */
function refuseWhereWorkerMayNot({ config, target }: FoundServer): void {
  if (toWorkerSettings(config, target).bounds.mayLimit) return;
  throw new UsageError(
    `cap-consumer of ${target.id} is in mode observe, and its worker limits nobody, whoever asks: deploy it in mode ` +
      'approve or act first, or set the limit by a login of your own',
  );
}

type Dependencies = LimitDependencies & Pick<DeliverDependencies, 'store'> & { readonly notifier: Notifier | null };

async function setLimit(
  given: SetLimitOptions,
  settings: FoundServer['settings'],
  lifter: string,
  { notifier, ...deps }: Dependencies,
): Promise<void> {
  const proposal = await proposeLimit(settings, callOf(given), deps);
  const asks = !given.dryRun && !given.yes;
  const words = limitInWords(proposal, lifter);
  // With --json standard output holds the one document at the end.
  if (given.json && asks) say(words);
  else if (!given.json) print(words);
  if (given.dryRun) {
    if (given.json) printJson(limitJson(proposal, null));
    return;
  }
  const what = paint('bold', `This limits ${given.user} to ${given.limit} on ${settings.id}.`);
  if (!given.yes && !(await confirmByName(given.user, what))) throw new UsageError('not confirmed: no limit was set');
  const result = await untilDone(() => carryOutLimit(proposal, deps));
  if (notifier !== null) {
    for (const problem of await deliverPending(result.incident, { ...deps, notifier }))
      say(`not delivered: ${problem}`);
  }
  if (given.json) printJson(limitJson(proposal, result));
  else print(limitResultInWords(proposal, result));
  process.exitCode = result.incident.outcome === 'done' ? EXIT.ok : EXIT.failed;
}

/** Ctrl-C lets what has begun finish: it takes seconds, and a limit that nobody has confirmed would be lifted again. */
async function untilDone<T>(run: () => Promise<T>): Promise<T> {
  const stopListening = onInterrupt(() => say('it ends by itself in a moment (Ctrl-C again to leave at once)'));
  try {
    return await run();
  } finally {
    stopListening();
  }
}

function callOf({ user, limit, forMs, by = userInfo().username, why = '' }: SetLimitOptions): LimitingCall {
  const scope = { user, application: null, database: null, client: null };
  const allowed = { active: false, costly: false, capped: true };
  return { ...scope, ...allowed, by, why, limit: { connections: Number(limit), forMs } };
}
