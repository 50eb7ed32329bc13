import type { UsualCount } from '../../functions/core/usual/usual.ts';

/** What is usual of a consumer with so many sessions, of which so many are in use at once, changed by what the test says. */
export function aUsual(all: number, used: number, changed: Partial<UsualCount> = {}): UsualCount {
  return { low: all, all, long: all, used, idle: all, open: 0, busy: used, ...changed };
}
