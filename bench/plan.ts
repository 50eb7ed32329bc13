import { NO_CONTEXT } from '../functions/core/cause/facts.ts';
import { NO_HISTORY } from '../functions/core/plan/tier-plan.ts';
import { storeAnswer, type StoredSample } from '../functions/core/sampler/stored-sample.ts';
import type { Session } from '../functions/core/server/session.ts';
import type { Snapshot } from '../functions/core/server/snapshot.ts';
import { diagnoseSnapshot } from '../functions/core/verdict/diagnosis.ts';
import { active, aPolicy, aSession, aSnapshot, inTransaction, waiter } from '../test/support/a-session.ts';
import { AURORAS_MOST } from '../test/support/a-crowd.ts';
import { MOST_CONSUMERS } from '../functions/core/server/consumer-count.ts';
import { PROFILE_MS, QUARTER_MS, quarterOf, type Profile } from '../functions/core/usual/profile.ts';
import { medianMs } from './median.ts';
import { printTable } from './table.ts';

/**
 * A quarter each idle, idle in transaction and active, and one chain of waiters as long as the rest.
 * @public The measurement of memory imports it in a process of its own.
 */
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

const MINUTE = 60_000;
/** Two hours of the shortest interval there is. */
const SAMPLES = 720;

/**
 * Time to classify and plan, with two hours of samples and two weeks of a profile that names 200 consumers, against
 * sorting the same sessions by age in the same run. Promised: within 50 ms at 5,000 sessions.
 */
export function benchPlanning(): void {
  const rows: string[][] = [];
  for (const count of [100, 1_000, 5_000, AURORAS_MOST]) {
    const snapshot = aSnapshot(count, mixedSessions(count));
    const settings = { policy: aPolicy(), mode: 'act' as const };
    const context = { ...NO_CONTEXT, samples: samplesBefore(snapshot), profile: profileBefore(snapshot) };
    const planMs = medianMs(21, () => diagnoseSnapshot(snapshot, settings, NO_HISTORY, { context }));
    const sortMs = medianMs(21, () => [...snapshot.sessions].sort((a, b) => (b.stateMs ?? 0) - (a.stateMs ?? 0)));
    rows.push([
      String(count),
      planMs.toFixed(2),
      sortMs.toFixed(2),
      (planMs / sortMs).toFixed(1),
      ((1000 * planMs) / count).toFixed(2),
    ]);
  }
  printTable('Classifying and planning', ['sessions', 'plan ms', 'sort ms', 'plan / sort', 'µs a session'], rows);
}

/** In turns, the quarters name 200 consumers; those of the snapshot are among them. */
function profileBefore(snapshot: Snapshot): Profile {
  const first = quarterOf(snapshot.at) - PROFILE_MS;
  return Array.from({ length: PROFILE_MS / QUARTER_MS }, (_, index) => {
    const consumers = Array.from({ length: MOST_CONSUMERS }, (_each, rank) => {
      const user = `user-${'abcdefgh'[rank % 8]}`;
      const name = `${user}/app-#${(10 * rank + (index % 10)) % 200}`;
      return { name, user, idle: 3, open: 1, busy: 2, most: 5, middle: 4, used: 3 };
    });
    return { at: first + index * QUARTER_MS, samples: 15, consumers, rest: { consumers: 180, most: 5 } };
  });
}

function samplesBefore(snapshot: Snapshot): StoredSample[] {
  const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
  return Array.from({ length: SAMPLES }, (_, index) => {
    const sample = { ...snapshot, used: Math.round((snapshot.used * index) / SAMPLES) };
    const taking = { at: snapshot.at - ((SAMPLES - index) * MINUTE) / 6, tookMs: 20, inIncident: false };
    return storeAnswer({ schema: 1, ok: true, admission, sample }, taking);
  });
}
