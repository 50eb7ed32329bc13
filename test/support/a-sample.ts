import type { WorkerRefused } from '../../functions/core/protocol/worker.ts';
import { storeAnswer, storeNoAnswer, type StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import type { Admission, RefusalKind } from '../../functions/core/server/snapshot.ts';
import { aSnapshot } from './a-session.ts';

const ADMISSION: Admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 };

/** The worker's answer when its login is refused. */
export function refusedAs(kind: RefusalKind, message = `refused as ${kind}`): WorkerRefused {
  return { schema: 1, ok: false, refusal: { kind, code: '', message }, attempts: 1, waitedMs: 4 };
}

/** A stored sample of a server with 100 usable slots, changed by what the test says. */
export function seenAt(at: number, usage: number, changed: Partial<StoredSample> = {}): StoredSample {
  const sample = { ...aSnapshot(100, []), used: usage, canary: { result: 'admitted', tookMs: 5 } } as const;
  const answer = { schema: 1, ok: true, admission: ADMISSION, sample } as const;
  return { ...storeAnswer(answer, { at, tookMs: 20, inIncident: false }), ...changed };
}

export function refusedAt(at: number, kind: RefusalKind): StoredSample {
  return storeAnswer(refusedAs(kind), { at, tookMs: 20, inIncident: false });
}

export function unansweredAt(at: number, result: 'busy' | 'failed'): StoredSample {
  return storeNoAnswer(result, `the worker ${result}`, { at, tookMs: 5_000, inIncident: false });
}
