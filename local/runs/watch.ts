import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Crossing } from '../../functions/core/sampler/levels.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import type { Notification } from '../machine/progress.ts';
import { startRuntime } from '../runtime/runtime.ts';
import { createNarrator, type Line } from '../terminal/narrator.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { interrupt } from './alarm-run.ts';
import { readResult, type RespondResult } from './result.ts';
import { watchTarget } from './watched-target.ts';

/** What a watch reports as it happens; the lines of `headroom watch --json`. */
export type WatchEvent =
  | {
      readonly event: 'sample';
      readonly target: string;
      readonly sample: StoredSample;
      readonly crossing: Crossing | null;
    }
  | {
      readonly event: 'notice';
      readonly target: string;
      readonly notice: string;
      readonly subject: string;
      readonly body: string;
    }
  | ({ readonly event: 'incident' } & RespondResult);

export interface WatchOptions {
  /** Time between samples; null for what the policy of each target says. */
  readonly everyMs: number | null;
  readonly recordsFolder: string;
  /** Where the URLs of the targets' logins are looked up. */
  readonly environment: NodeJS.ProcessEnv;
  readonly tell: (line: Line) => void;
  readonly report: (event: WatchEvent) => void;
}

/** A sample that is under way when the watch ends may take that long; then it is left. */
const LAST_SAMPLE_MS = 6_000;

/**
 * Samples every target of a configuration from this machine until Ctrl-C, and runs the workflow when one crosses its trigger. An incident that is open
 * then is closed as interrupted. Returns how many were. Throws when the runtime itself cannot start.
 */
export async function watch(
  config: HeadroomConfig,
  { everyMs, recordsFolder, environment, tell, report }: WatchOptions,
): Promise<{ readonly interrupted: number }> {
  const stopping = new AbortController();
  const stopListening = onInterrupt(() => {
    tell({ at: Date.now(), kind: 'detail', text: 'stopping (once more to leave at once)' });
    stopping.abort();
  });
  const notifications: Notification[] = [];
  const narrator = createNarrator(async () => (await starting).store, tell);
  const starting = startRuntime({
    config,
    environment,
    recordsFolder,
    notify: config.notify,
    onProgress(progress) {
      if (progress.kind === 'notification') {
        notifications.push(progress);
        report(noticeOf(progress));
      }
      narrator.hear(progress);
    },
  });
  try {
    const runtime = await starting;
    const incidents = new Map<string, Promise<void>>();
    const tellEnd = async (incidentId: string): Promise<void> => {
      await narrator.caughtUp();
      report({ event: 'incident', ...(await readResult(runtime.store, incidentId, notifications)) });
      forgetNotices(notifications, incidentId);
    };
    const follow = async (incidentId: string): Promise<void> => {
      const { status } = await runtime.executionEnded(incidentId);
      // Whoever interrupts an incident has more to do before it has ended.
      if (!(status === 'ABORTED' && stopping.signal.aborted)) await tellEnd(incidentId);
    };
    const onIncident = (incidentId: string): void => {
      if (incidents.has(incidentId)) return;
      const followed = follow(incidentId).finally(() => incidents.delete(incidentId));
      // An incident whose workflow is not in this runtime is the reconciler's to close.
      incidents.set(
        incidentId,
        followed.catch(() => undefined),
      );
    };
    try {
      const watching = config.targets.map((target) => {
        const onSample = (sample: StoredSample, crossing: Crossing | null): void =>
          report({ event: 'sample', target: target.id, sample, crossing });
        return watchTarget(target, {
          runtime,
          everyMs: everyMs ?? target.policy.sampling.everySeconds * 1000,
          signal: stopping.signal,
          onSample,
          onIncident,
          tell,
        });
      });
      await Promise.race([Promise.all(watching), afterStop(stopping.signal)]);
      const open = [...incidents.keys()];
      const how = { prefix: config.installation.prefix, by: userInfo().username };
      await Promise.all(
        open.map((incidentId) => interrupt(runtime, { incidentId, ...how }).then(() => tellEnd(incidentId))),
      );
      return { interrupted: open.length };
    } finally {
      await runtime.stop();
    }
  } finally {
    stopListening();
  }
}

async function afterStop(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await delay(LAST_SAMPLE_MS, undefined, { ref: false });
}

function noticeOf({ attributes, subject, body }: Notification): WatchEvent {
  return {
    event: 'notice',
    target: attributes['target'] ?? '',
    notice: attributes['notice'] ?? 'unknown',
    subject,
    body,
  };
}

/** A watch lasts for months. */
function forgetNotices(notifications: Notification[], incidentId: string): void {
  const others = notifications.filter(
    ({ attributes }) => (attributes['incidentId'] ?? '') !== '' && attributes['incidentId'] !== incidentId,
  );
  notifications.splice(0, notifications.length, ...others);
}
