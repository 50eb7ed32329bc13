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
import type { DeliverDependencies } from '../../functions/incident/deliver.ts';
import { callOf, nameToType, parseEndOptions, withEndOptions, type EndOptions } from '../options/call-options.ts';
import { findServer, type FoundServer } from '../options/found-server.ts';
import { usingRecords } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { planInWords, resultInWords, toJson, type Ended } from '../plans/end-output.ts';
import { workerFor, type OpenWorker } from '../runs/own-worker.ts';
import { confirmByName } from '../terminal/confirm.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { paint, print, printJson, say } from '../terminal/output.ts';
import { isToAsk, refuseWrongPlace, sendNotices, showWords, withWorker } from './by-hand.ts';

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
  const { target } = found;
  refuseWrongPlace(given, found, {
    may: 'mayEnd',
    why:
      `${target.id} is in mode observe, and its worker ends nobody, whoever asks: deploy it in mode approve or act first, ` +
      'or end the sessions by a login of your own',
  });
  const clock = { now: Date.now, sleep: (ms: number) => sleep(ms) };
  await usingRecords({ ...given, aws: false, target: target.id }, ({ store }) =>
    withWorker(found, open, (worker, notifier) => end(given, found, { store, worker, ...clock }, notifier)),
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
  // Whoever is asked sees every session that the answer is about.
  showWords(planInWords(proposal, given.verbose || isToAsk(given)), given);
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
  await sendNotices(incident, deps, notifier);
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
