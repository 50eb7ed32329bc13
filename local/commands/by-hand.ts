import type { Notifier } from '../../functions/core/ports/outside.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { deliverPending, type DeliverDependencies } from '../../functions/incident/deliver.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import { createOwnNotifier } from '../delivery/own-notifier.ts';
import type { FoundServer } from '../options/found-server.ts';
import { UsageError } from '../options/usage-error.ts';
import type { OpenWorker } from '../runs/own-worker.ts';
import { print, say } from '../terminal/output.ts';

/** What commands have in common by which a person acts on a server: `end` and `limits set`. */

type Bounds = ReturnType<typeof toWorkerSettings>['bounds'];

/**
 * Throws UsageError where a call cannot be carried out, before anything is asked of AWS: the worker's own settings would
 * refuse it in the end. `why`: what to say then.
 */
export function refuseWrongPlace(
  { aws }: { readonly aws: boolean },
  { config, target }: FoundServer,
  { may, why }: { readonly may: keyof Bounds & `may${string}`; readonly why: string },
): void {
  if (placeOf(target) !== 'aws') {
    if (aws) throw new UsageError(`--aws: ${target.id} logs in by a URL from this machine`);
  } else if (!toWorkerSettings(config, target).bounds[may]) throw new UsageError(why);
}

/** Opens the worker of a target, and closes it whatever comes of the call. */
export async function withWorker(
  { config, target }: FoundServer,
  open: OpenWorker,
  call: (worker: Awaited<ReturnType<OpenWorker>>, notifier: Notifier | null) => Promise<void>,
): Promise<void> {
  const worker = await open(config, target, process.env);
  try {
    // On AWS the reconciler sends the notices within a minute.
    await call(worker, placeOf(target) === 'aws' ? null : createOwnNotifier(config.notify));
  } finally {
    worker.close();
  }
}

interface Asking {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

export function isToAsk({ dryRun, yes }: Pick<Asking, 'dryRun' | 'yes'>): boolean {
  return !dryRun && !yes;
}

/** What a call would do. With --json standard output holds the one document at the end. */
export function showWords(words: string, given: Asking): void {
  if (!given.json) print(words);
  else if (isToAsk(given)) say(words);
}

/** Tells people of a call, where nobody else does. */
export async function sendNotices(
  incident: Incident,
  deps: Omit<DeliverDependencies, 'notifier'>,
  notifier: Notifier | null,
): Promise<void> {
  if (notifier === null) return;
  for (const problem of await deliverPending(incident, { ...deps, notifier })) say(`not delivered: ${problem}`);
}
