import { SCHEMA } from '../core/protocol/schema.ts';
import type { WorkerRefused } from '../core/protocol/worker.ts';
import { kindOfLost } from '../engines/shared/driver-error.ts';
import { ConnectionLost, Refused } from '../engines/shared/engine.ts';
import { enter, type Access, type LockedOut, type OpenSession, type Patience } from './admission.ts';

/** How long an order to change something may try to get in again, when the session of the diagnosis is gone. */
const CHANGE_PATIENCE_MS = 5_000;

/** Reads, with one retry: a kept session may fail at its first real query, and reading twice does no harm. */
export async function readWithSession<T>(
  access: Access,
  patience: Patience,
  read: (open: OpenSession) => Promise<T>,
): Promise<T | WorkerRefused> {
  for (let attempt = 1; ; attempt++) {
    const entry = await enter(access, patience);
    if (!entry.ok) return refused(entry);
    try {
      return await read(entry);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (attempt === 1) continue;
      const { code, message } = error;
      return refused({
        refusal: { kind: kindOfLost(code) ?? 'network', code, message },
        attempts: attempt,
        waitedMs: 0,
      });
    }
  }
}

/** Changes something, once: what fails in the middle may have been done, and is never repeated from here. */
export async function changeWithSession<T>(
  access: Access,
  deadline: number,
  change: (open: OpenSession) => Promise<T>,
): Promise<T | WorkerRefused> {
  const patienceMs = Math.min(CHANGE_PATIENCE_MS, (deadline - Date.now()) / 2);
  const entry = await enter(access, { patienceMs, deadline, isRoutine: false });
  if (!entry.ok) return refused(entry);
  try {
    return await change(entry);
  } catch (error) {
    if (error instanceof Refused) return refused({ refusal: error.refusal, attempts: 1, waitedMs: 0 });
    throw error;
  }
}

export function refused({ refusal, attempts, waitedMs }: Omit<LockedOut, 'ok'>): WorkerRefused {
  return { schema: SCHEMA, ok: false, refusal, attempts, waitedMs };
}
