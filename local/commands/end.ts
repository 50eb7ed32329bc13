import { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  carryOutCall,
  proposeCall,
  type CallDependencies,
  type CallProposal,
} from '../../functions/call/carry-out-call.ts';
import type { Notifier } from '../../functions/core/ports/outside.ts';
import { CallRefused } from '../../functions/core/protocol/errors.ts';
import { count } from '../../functions/core/words/count.ts';
import { deliverPending, type DeliverDependencies } from '../../functions/incident/deliver.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import { createOwnNotifier } from '../delivery/own-notifier.ts';
import { callOf, nameToType, parseEndOptions, withEndOptions, type EndOptions } from '../options/end-options.ts';
import { findServer, type FoundServer } from '../options/found-server.ts';
import { usingRecords } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { planInWords, resultInWords, toJson, type Ended } from '../plans/end-output.ts';
import { workerFor, type OpenWorker } from '../runs/own-worker.ts';
import { confirmByName } from '../terminal/confirm.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { paint, print, printJson, say } from '../terminal/output.ts';

/** `headroom end`: sessions ended by a person, through the same plan, guards and record as every act. */
export function endCommand(): Command {
  return withEndOptions(
    new Command('end').description('end the sessions of a user or an application, after showing exactly which'),
  ).action(async (raw: unknown) => {
    const given = parseEndOptions(raw);
    await endManually(given, await findServer(given, process.env), workerFor);
  });
}

/** Shows whom it ends, asks, ends them and says how it went, which is the exit status too. */
export async function endManually(given: EndOptions, found: FoundServer, open: OpenWorker): Promise<void> {
  const isOnAws = placeOf(found.target) === 'aws';
  if (isOnAws) refuseWhereWorkerMayNot(found);
  else if (given.aws) throw new UsageError(`--aws: ${found.target.id} logs in by a URL from this machine`);
  const clock = { now: Date.now, sleep: (ms: number) => sleep(ms) };
  await usingRecords({ ...given, aws: false, target: found.target.id }, async ({ store }) => {
    const worker = await open(found.config, found.target, process.env);
    try {
      // On AWS the reconciler sends the notices within a minute.
      const notifier = isOnAws ? null : createOwnNotifier(found.config.notify);
      await end(given, found, { store, worker, ...clock }, notifier);
    } finally {
      worker.close();
    }
  });
}

/** Before anything is asked of AWS: the worker's own settings would refuse it in the end. */
function refuseWhereWorkerMayNot({ config, target }: FoundServer): void {
  if (toWorkerSettings(config, target).bounds.mayEnd) return;
  throw new UsageError(
    `${target.id} is in mode observe, and its worker ends nobody, whoever asks: deploy it in mode approve or act first, ` +
      'or end the sessions by a login of your own',
  );
}

type EndDependencies = CallDependencies & Pick<DeliverDependencies, 'store'>;

async function end(
  given: EndOptions,
  { settings }: FoundServer,
  deps: EndDependencies,
  notifier: Notifier | null,
): Promise<void> {
  const proposal = await proposeCall(settings, callOf(given), deps);
  const { victims } = proposal.plan;
  // With --json standard output holds the one document at the end.
  const asks = !given.dryRun && !given.yes;
  // Whoever is asked sees every session that the answer is about.
  const words = planInWords(proposal, given.verbose || asks);
  if (given.json && asks) say(words);
  else if (!given.json) print(words);
  if (given.dryRun || victims.length === 0) {
    if (given.json) printJson(toJson(proposal, null));
    return;
  }
  const what = `${paint('bold', `This ends ${count(victims.length, 'session')} on ${settings.id}.`)}`;
  if (!given.yes && !(await confirmByName(nameToType(given), what)))
    throw new UsageError('not confirmed: nothing was ended');

  const ended = await carryOut(proposal, deps, notifier);
  if (given.json) printJson(toJson(proposal, ended));
  else print(resultInWords(proposal, ended));
  process.exitCode = exitStatusOf(ended);
}

async function carryOut(proposal: CallProposal, deps: EndDependencies, notifier: Notifier | null): Promise<Ended> {
  const { incident, left } = await untilInterrupted((sleepUnlessStopped) =>
    carryOutCall(proposal, { ...deps, sleep: sleepUnlessStopped }),
  );
  if (notifier !== null) {
    for (const problem of await deliverPending(incident, { ...deps, notifier })) say(`not delivered: ${problem}`);
  }
  return { incident, left, acts: await deps.store.acts.of(incident.id) };
}

/** Ctrl-C lets an act that has begun finish, and its incident be closed. */
async function untilInterrupted<T>(run: (sleepUnlessStopped: CallDependencies['sleep']) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stopListening = onInterrupt(() => {
    say('interrupted: no more sessions are ended (Ctrl-C again to leave at once)');
    stopping.abort();
  });
  try {
    return await run((ms) =>
      sleep(ms, undefined, { signal: stopping.signal }).catch(() => {
        throw new CallRefused('interrupted by the person who started it');
      }),
    );
  } finally {
    stopListening();
  }
}

function exitStatusOf({ incident, left }: Ended): number {
  if (incident.outcome !== 'done') return EXIT.failed;
  return left === null || left.size > 0 ? EXIT.escalated : EXIT.ok;
}
