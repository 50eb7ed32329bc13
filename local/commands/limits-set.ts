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
import { errorWords } from '../../functions/core/words/error-words.ts';
import type { DeliverDependencies } from '../../functions/incident/deliver.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { callOptions, parseCall } from '../options/call-options.ts';
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
import { refuseWrongPlace, sendNotices, showWords, withWorker } from './by-hand.ts';

const DEFAULT_SPAN = '30m';

const options = z.object({
  ...callOptions,
  user: z.string().check(z.minLength(1, 'name whose connections')),
  limit: z.string().check(z.regex(/^[1-9]\d{0,5}$/, 'use a whole number of connections, 1 or more')),
  for: z._default(z.string(), DEFAULT_SPAN),
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
    .option('--for <time>', 'how long, such as 30m or 2h; 24h at most', DEFAULT_SPAN)
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
  const spanOf = (given: { readonly for?: unknown }) =>
    parseSpan('--for', typeof given.for === 'string' ? given.for : DEFAULT_SPAN);
  const parsed = parseCall(options, raw, (given) => {
    try {
      return spanOf(given) > LONGEST_MS ? [`--for ${String(given['for'])}: a temporary limit lasts 24h at most`] : [];
    } catch (error) {
      return [errorWords(error)];
    }
  });
  return { ...parsed, forMs: spanOf(parsed) };
}

/** Shows what the limit means and who lifts it, asks, sets it and says how it went, which is the exit status too. */
export async function setLimitManually(given: SetLimitOptions, found: FoundServer, open: OpenWorker): Promise<void> {
  const { target, settings } = found;
  refuseWrongPlace(given, found, {
    may: 'mayLimit',
    why:
      `cap-consumer of ${target.id} is in mode observe, and its worker limits nobody, whoever asks: deploy it in mode ` +
      'approve or act first, or set the limit by a login of your own',
  });
  await usingRecords({ ...given, aws: false, target: target.id }, async ({ store, owner }) => {
    const isOnAws = placeOf(target) === 'aws';
    const lifter = await findLifter(settings, { isOnAws, store, owner }, Date.now());
    await withWorker(found, open, (worker, notifier) =>
      setLimit(given, settings, lifter, { store, worker, now: Date.now, notifier }),
    );
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

type Dependencies = LimitDependencies & Pick<DeliverDependencies, 'store'> & { readonly notifier: Notifier | null };

async function setLimit(
  given: SetLimitOptions,
  settings: FoundServer['settings'],
  lifter: string,
  { notifier, ...deps }: Dependencies,
): Promise<void> {
  const proposal = await proposeLimit(settings, callOf(given), deps);
  showWords(limitInWords(proposal, lifter), given);
  if (given.dryRun) {
    if (given.json) printJson(limitJson(proposal, null));
    return;
  }
  const what = paint('bold', `This limits ${given.user} to ${given.limit} on ${settings.id}.`);
  if (!given.yes && !(await confirmByName(given.user, what))) throw new UsageError('not confirmed: no limit was set');
  const result = await untilDone(() => carryOutLimit(proposal, deps));
  await sendNotices(result.incident, deps, notifier);
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
