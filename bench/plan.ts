import { diagnose } from '../functions/core/diagnosis.ts';
import { NO_HISTORY } from '../functions/core/plan.ts';
import type { Session } from '../functions/core/session.ts';
import { aPolicy, aSession, aSnapshot, active, inTransaction, waiter } from '../test/support/a-session.ts';
import { medianMs } from './median.ts';
import { printTable } from './table.ts';

/** A quarter each idle, idle in transaction and active, and one chain of waiters as long as the rest. */
export function mixedSessions(count: number): Session[] {
  return Array.from({ length: count }, (_, index) => {
    const id = index + 1;
    const changed = {
      application: `app-${id % 40}`,
      user: `user-${'abcdefgh'[id % 8]}`,
      stateMs: 300_000 + ((id * 7919) % 1_000_000),
    };
    if (id % 4 === 0) return aSession(id, changed);
    if (id % 4 === 1) return inTransaction(id, changed);
    if (id % 4 === 2) return active(id, { ...changed, queryMs: changed.stateMs });
    return waiter(id, [id > 4 ? id - 4 : 1], changed);
  });
}

/** Time to diagnose and plan, against sorting the same sessions by age in the same run. Aim: well under 50 ms at 10,000. */
export function benchPlanning(): void {
  const rows: string[][] = [];
  for (const count of [100, 1_000, 5_000, 10_000]) {
    const snapshot = aSnapshot(count, mixedSessions(count));
    const settings = { policy: aPolicy(), mode: 'act' as const };
    const planMs = medianMs(21, () => diagnose(snapshot, settings, NO_HISTORY));
    const sortMs = medianMs(21, () => [...snapshot.sessions].sort((a, b) => (b.stateMs ?? 0) - (a.stateMs ?? 0)));
    rows.push([
      String(count),
      planMs.toFixed(2),
      sortMs.toFixed(2),
      (planMs / sortMs).toFixed(1),
      ((1000 * planMs) / count).toFixed(2),
    ]);
  }
  printTable('Diagnosing and planning', ['sessions', 'plan ms', 'sort ms', 'plan / sort', 'µs a session'], rows);
}
