import { userInfo } from 'node:os';
import { makeAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import { readRehearsalEvent } from '../../functions/core/rehearsal/rehearsal-event.ts';
import type { Unopened } from '../../functions/core/protocol/steps.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import { RecordsInUse } from '../records/owner.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';
import type { Line } from '../terminal/narrator.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { heldByCall, interrupt, raiseAlarm } from './alarm-run.ts';
import type { AskPerson } from './approver.ts';
import { respondThrough, type RunningWatch } from './hand-over.ts';
import { observeRuntime } from './observed-runtime.ts';
import { readResult, type RespondResult } from './respond-result.ts';

interface RespondOptions {
  /** An alarm event; null for one that is made when it is sent. */
  readonly event: unknown;
  readonly recordsFolder: string;
  /** Where the URLs of the target's logins are looked up. */
  readonly environment: NodeJS.ProcessEnv;
  /** Who answers the questions of tiers in mode approve. */
  readonly person: AskPerson;
  readonly onLine: (line: Line) => void;
  /** Every look in full, in place of what has changed. */
  readonly verbose: boolean;
}

/**
 * One alarm of one target, from event to end, on this machine. Ctrl-C closes the incident as interrupted. Where a watch
 * of the target has the records open, that carries it out. Returns why
 * when the event opened no incident. Throws when something here is broken; a server that cannot be helped is a result.
 */
export async function respond(
  { config, target }: { readonly config: HeadroomConfig; readonly target: Target },
  { event, recordsFolder, environment, person, onLine, verbose }: RespondOptions,
): Promise<RespondResult | Unopened> {
  const observed = observeRuntime(
    { config, environment, recordsFolder, notify: config.notify },
    { onLine, verbose, person },
  );
  const runtime = await observed.start().catch((error: unknown) => {
    const watch = watchOf(error, target.id);
    if (watch === null) throw error;
    return watch;
  });
  if ('watch' in runtime) {
    return respondThrough(runtime, {
      config,
      target,
      event: event ?? makeEvent(config, target),
      person,
      onLine,
      verbose,
    });
  }
  try {
    if (readRehearsalEvent(event) === null) await liftLeftovers(runtime, target.id);
    // Without an event, the clock of the incident starts here.
    const answer = await raiseAlarm(runtime, target.id, event ?? makeEvent(config, target));
    if ('reason' in answer) return answer;
    const { incidentId, result } = answer;
    const held = await heldByCall(runtime.store, incidentId);
    if (held !== null) return held;
    onLine({ at: Date.now(), kind: 'detail', text: `incident ${incidentId} (${result})` });
    if (result !== 'handled') await untilEnded(runtime, incidentId, config.installation.prefix, onLine);
    await observed.caughtUp();
    return await readResult(runtime.store, incidentId, observed.notifications);
  } finally {
    await runtime.stop();
  }
}

/** The watch of the target that has the records open, where that is why a runtime could not start; otherwise null. */
function watchOf(error: unknown, targetId: string): RunningWatch | null {
  const owner = error instanceof RecordsInUse ? error.owner : null;
  return owner?.watch?.targets.includes(targetId) === true ? { ...owner, watch: owner.watch } : null;
}

/** Limits on users that an earlier run could not lift. On AWS the reconciler does this each minute. */
async function liftLeftovers(runtime: LocalRuntime, targetId: string): Promise<void> {
  if ((await runtime.store.incidents.openOf(targetId)) !== null) return;
  if ((await runtime.store.limits.of(targetId)).length > 0) await runtime.reconcile(targetId);
}

function makeEvent(config: HeadroomConfig, target: Target): unknown {
  return makeAlarmEvent({
    settings: toTargetSettings(config, target),
    at: Date.now(),
    reason: 'headroom respond was started manually',
  });
}

/** Settles when the workflow has ended: by itself, or stopped by Ctrl-C and its incident closed. */
async function untilEnded(
  runtime: LocalRuntime,
  incidentId: string,
  prefix: string,
  onLine: RespondOptions['onLine'],
): Promise<void> {
  const ended = runtime.executionEnded(incidentId);
  let stopListening = (): void => undefined;
  const interrupted = new Promise<void>((resolve, reject) => {
    stopListening = onInterrupt(() => {
      const text = 'interrupted: the incident is being closed (Ctrl-C again to leave it as it is)';
      onLine({ at: Date.now(), kind: 'bad', text });
      interrupt(runtime, { incidentId, prefix, by: userInfo().username }).then(resolve, reject);
    });
  });
  try {
    // A workflow that was stopped has ended too; then the closing is what counts.
    await Promise.race([ended.then(({ status }) => (status === 'ABORTED' ? interrupted : undefined)), interrupted]);
  } finally {
    stopListening();
  }
}
