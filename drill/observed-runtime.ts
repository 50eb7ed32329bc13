import type { HeadroomConfig } from '../lib/config/schema.ts';
import type { Notification } from '../local/machine/progress.ts';
import { createApprover, type AskPerson } from '../local/runs/approver.ts';
import { startRuntime, type LocalRuntime } from '../local/runtime/runtime.ts';
import { createNarrator, type Line } from '../local/terminal/narrator.ts';
import type { Cleanup } from './cleanup.ts';
import { drillEnvironment } from './config.ts';
import type { DrillServer } from './stage/shop.ts';

export interface ObservedRuntime {
  /** Starts it at the first call. */
  start(): Promise<LocalRuntime>;
  /** Settles when all that happened so far has been told. */
  caughtUp(): Promise<void>;
  readonly notifications: readonly Notification[];
}

/** The workflow of a rehearsal, with somebody who tells what it does and somebody who answers its questions. */
export function observeRuntime(
  config: HeadroomConfig,
  server: DrillServer,
  { tell, person }: { readonly tell: (line: Line) => void; readonly person: AskPerson },
  cleanup: Cleanup,
): ObservedRuntime {
  const notifications: Notification[] = [];
  let starting: Promise<LocalRuntime> | null = null;
  const start = async (): Promise<LocalRuntime> => {
    const runtime = await startRuntime({
      config,
      environment: drillEnvironment(server),
      recordsFolder: null,
      onProgress(progress) {
        if (progress.kind === 'notification') notifications.push(progress);
        narrator.hear(progress);
        approver.hear(progress);
      },
    });
    cleanup.add(() => runtime.stop());
    return runtime;
  };
  const observed: ObservedRuntime = {
    start: () => (starting ??= start()),
    caughtUp: () => narrator.caughtUp(),
    notifications,
  };
  const approver = createApprover({ findRuntime: () => observed.start(), person, tell });
  const narrator = createNarrator(async () => (await observed.start()).store, tell);
  return observed;
}
