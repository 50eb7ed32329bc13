import { expect, test } from 'vitest';
import type { RefusalKind } from '../../../functions/core/server/snapshot.ts';
import { Refused } from '../../../functions/engines/shared/engine.ts';
import { createBackOff } from '../../../functions/worker/back-off.ts';

const MINUTE = 60_000;

/** A server that refuses for this reason, tried each minute of so many; the minutes at which it was reached. */
async function tryEachMinute(minutes: number, { kind, isRoutine = true }: { kind: RefusalKind; isRoutine?: boolean }) {
  const reached: number[] = [];
  const told: string[] = [];
  let now = 0;
  const backOff = createBackOff(() => now);
  for (let minute = 0; minute < minutes; minute++) {
    now = minute * MINUTE;
    await backOff
      .attempt(isRoutine, () => {
        reached.push(minute);
        return Promise.reject(new Refused({ kind, code: 'X', message: 'no' }));
      })
      .catch((error: unknown) => told.push(error instanceof Refused ? error.refusal.message : String(error)));
  }
  return { reached, told };
}

test('after a failed TLS handshake a routine login pauses, each time for twice as long, and an hour at most', async () => {
  const { reached, told } = await tryEachMinute(300, { kind: 'tls' });
  expect(reached).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  expect(told).toHaveLength(300);
  expect(told.slice(0, 3)).toEqual(['no', 'no', 'no; not tried again for 60 s']);
});

test('nothing else is held back: no other refusal, nor what a person or an incident asks for', async () => {
  expect((await tryEachMinute(5, { kind: 'full' })).reached).toHaveLength(5);
  expect((await tryEachMinute(5, { kind: 'network' })).reached).toHaveLength(5);
  expect((await tryEachMinute(5, { kind: 'tls', isRoutine: false })).reached).toHaveLength(5);
});

test('a login that gets in ends the pauses', async () => {
  const backOff = createBackOff(() => 0);
  const fail = () => Promise.reject(new Refused({ kind: 'tls', code: 'X', message: 'no' }));
  await expect(backOff.attempt(true, fail)).rejects.toThrow('no');
  await expect(backOff.attempt(true, () => Promise.resolve('in'))).rejects.toThrow('not tried again');
  expect(await backOff.attempt(false, () => Promise.resolve('in'))).toBe('in');
  expect(await backOff.attempt(true, () => Promise.resolve('in'))).toBe('in');
});
