import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Crossing } from '../../functions/core/sampler/levels.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import type { Notification } from '../machine/progress.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';
import type { Line } from '../terminal/narrator.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { interrupt } from './alarm-run.ts';
import { liftOnStop } from './lift-on-stop.ts';
import { observeRuntime, type ObservedRuntime } from './observed-runtime.ts';
import { readResult, type RespondResult } from './respond-result.ts';
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
      readonly delivery: Notification['delivery'];
      /** Why it was not delivered; empty otherwise. */
      readonly detail: string;
    }
  | ({ readonly event: 'incident' } & RespondResult);

interface WatchOptions {
  /** Time between samples; null for what the policy of each target says. */
  readonly everyMs: number | null;
  readonly recordsFolder: string;
  /** Where the URLs of the targets' logins are looked up. */
  readonly environment: NodeJS.ProcessEnv;
  readonly onLine: (line: Line) => void;
  /** Every look in full, in place of what has changed. */
  readonly verbose: boolean;
  readonly report: (event: WatchEvent) => void;
  /** Of the targets and incidents, which notices link to. */
  readonly pageUrl: string;
  /** The records can be read from now on, until the watch ends. */
  readonly onRecords: (store: IncidentStore) => void;
}

/** A sample that is under way when the watch ends may take that long; then it is abandoned. */
const LAST_SAMPLE_MS = 6_000;

/**
 * Samples every target of a configuration from this machine until Ctrl-C, and runs the workflow when one crosses its
 * trigger. An incident that is open then is closed as interrupted. Returns how many were. Throws when the runtime
 * itself cannot start.
 */
export async function watch(
  config: HeadroomConfig,
  { everyMs, recordsFolder, environment, onLine, verbose, report, pageUrl, onRecords }: WatchOptions,
): Promise<{ readonly interrupted: number }> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stop = (): void => {
    onLine({ at: Date.now(), kind: 'detail', text: 'stopping (Ctrl-C again to leave at once)' });
    stopping.abort();
  };
  const stopListening = onInterrupt(stop);
  // Whoever read its reports has left.
  process.stdout.once('error', stop);
  const observed = observeRuntime(
    { config, environment, recordsFolder, isWatch: true, notify: config.notify, pageUrl },
    { onLine, verbose, onNotification: (notification) => report(noticeOf(notification)) },
  );
  try {
    const runtime = await observed.start();
    onRecords(runtime.store);
    const incidents = new FollowedIncidents({ runtime, observed, report, signal });
    try {
      const watching = config.targets.map((target) =>
        watchTarget(target, {
          runtime,
          everyMs: everyMs ?? target.policy.sampling.everySeconds * 1000,
          signal,
          onSample: (sample, crossing) => report({ event: 'sample', target: target.id, sample, crossing }),
          onIncident: (incidentId) => incidents.follow(incidentId),
          onLine,
        }),
      );
      const telling = tellEachMinute(runtime, signal, onLine);
      await Promise.race([Promise.all(watching), afterStop(signal)]);
      const interrupted = await incidents.interrupt(config);
      await telling;
      await tell(runtime, onLine);
      return { interrupted };
    } finally {
      await liftOnStop(
        { store: runtime.store, reconcile: (id) => runtime.reconcile(id), now: Date.now },
        config.targets,
      ).catch((error: unknown) => {
        onLine({ at: Date.now(), kind: 'bad', text: `limits could not be lifted: ${errorWords(error)}` });
      });
      await runtime.stop();
    }
  } finally {
    process.stdout.off('error', stop);
    stopListening();
  }
}

interface Following {
  readonly runtime: LocalRuntime;
  readonly observed: ObservedRuntime;
  readonly report: WatchOptions['report'];
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** The incidents of a watch that have not ended, each followed to its end. */
class FollowedIncidents {
  readonly #open = new Set<string>();
  readonly #parts: Following;

  constructor(parts: Following) {
    this.#parts = parts;
  }

  follow(incidentId: string): void {
    if (this.#open.has(incidentId)) return;
    this.#open.add(incidentId);
    this.#untilEnded(incidentId)
      // An incident whose workflow is not in this runtime is the reconciler's to close.
      .catch(() => undefined)
      .finally(() => this.#open.delete(incidentId));
  }

  /** Closes what is open as interrupted, and returns how many that were. */
  async interrupt({ targets, installation: { prefix } }: HeadroomConfig): Promise<number> {
    const { incidents } = this.#parts.runtime.store;
    // One that another process has handed over a moment ago is not followed yet.
    const found = await Promise.all(targets.map(({ id }) => incidents.openOf(id)));
    const open = new Set([...this.#open, ...found.flatMap((each) => (each?.call === null ? [each.id] : []))]);
    await Promise.all(
      [...open].map(async (incidentId) => {
        await interrupt(this.#parts.runtime, { incidentId, prefix, by: userInfo().username });
        await this.#reportEnd(incidentId);
      }),
    );
    return open.size;
  }

  async #untilEnded(incidentId: string): Promise<void> {
    const { runtime, signal } = this.#parts;
    const { status } = await runtime.executionEnded(incidentId);
    // An interrupted incident is reported when it has been closed.
    if (!(status === 'ABORTED' && signal.aborted)) await this.#reportEnd(incidentId);
  }

  async #reportEnd(incidentId: string): Promise<void> {
    const { runtime, observed, report } = this.#parts;
    await observed.caughtUp();
    report({ event: 'incident', ...(await readResult(runtime.store, incidentId, observed.notifications)) });
    // A watch lasts for months.
    observed.forgetNotifications(incidentId);
  }
}

const MINUTE_MS = 60_000;

/** As in AWS: what came too many at once is told in one message. */
async function tellEachMinute(runtime: LocalRuntime, signal: AbortSignal, onLine: WatchOptions['onLine']) {
  while (!signal.aborted) {
    await delay(MINUTE_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await tell(runtime, onLine);
  }
}

/** What could not be told waits for the next minute. */
async function tell(runtime: LocalRuntime, onLine: WatchOptions['onLine']): Promise<void> {
  await runtime.tellGathered().catch((error: unknown) => {
    onLine({ at: Date.now(), kind: 'bad', text: `notices not told: ${errorWords(error)}` });
  });
}

async function afterStop(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await delay(LAST_SAMPLE_MS, undefined, { ref: false });
}

function noticeOf({ attributes, subject, body, delivery, detail }: Notification): WatchEvent {
  return {
    event: 'notice',
    target: attributes['target'] ?? '',
    notice: attributes['notice'] ?? 'unknown',
    subject,
    body,
    delivery,
    detail,
  };
}
