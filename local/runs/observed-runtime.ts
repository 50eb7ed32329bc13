import type { Notification, Progress } from '../machine/progress.ts';
import { startRuntime, type LocalRuntime, type RuntimeOptions } from '../runtime/runtime.ts';
import { createNarrator, type Line } from '../terminal/narrator.ts';
import { createApprover, type AskPerson } from './approver.ts';

interface Observers {
  readonly onLine: (line: Line) => void;
  /** Every look in full, in place of what has changed. */
  readonly verbose: boolean;
  /** Who answers the questions of tiers in mode approve; without one they are answered at the page, or expire. */
  readonly person?: AskPerson;
  readonly onNotification?: (notification: Notification) => void;
  readonly onStarted?: (runtime: LocalRuntime) => void;
}

/** A runtime with a narrator, and with a person who answers its questions. */
export interface ObservedRuntime {
  /** Starts it at the first call. */
  start(): Promise<LocalRuntime>;
  /** Settles when all that has happened so far has been reported. */
  caughtUp(): Promise<void>;
  readonly notifications: readonly Notification[];
  /** Forgets the notifications of an incident, and those of none. */
  forgetNotifications(incidentId: string): void;
}

export function observeRuntime(
  options: Omit<RuntimeOptions, 'onProgress'>,
  { onLine, verbose, person, onNotification, onStarted }: Observers,
): ObservedRuntime {
  let notifications: readonly Notification[] = [];
  let starting: Promise<LocalRuntime> | null = null;
  const onProgress = (progress: Progress): void => {
    if (progress.kind === 'notification') {
      notifications = [...notifications, progress];
      onNotification?.(progress);
    }
    narrator.hear(progress);
    approver?.hear(progress);
  };
  const begin = async (): Promise<LocalRuntime> => {
    const runtime = await startRuntime({ ...options, onProgress });
    onStarted?.(runtime);
    return runtime;
  };
  const start = (): Promise<LocalRuntime> => (starting ??= begin());
  const narrator = createNarrator(async () => (await start()).store, onLine, verbose);
  const approver = person && createApprover({ findRuntime: start, person, onLine });
  return {
    start,
    caughtUp: () => narrator.caughtUp(),
    get notifications() {
      return notifications;
    },
    forgetNotifications(incidentId) {
      notifications = notifications.filter(
        ({ attributes }) => (attributes['incidentId'] ?? '') !== '' && attributes['incidentId'] !== incidentId,
      );
    },
  };
}
