import { describe, expect, it } from 'vitest';
import { describeAhead, readLockQueues } from '../../../../functions/core/server/locks.ts';
import { PREPARED_TRANSACTION, UNKNOWN_BLOCKER, type Session } from '../../../../functions/core/server/session.ts';
import { aSession, inTransaction, many, waiter } from '../../../support/a-session.ts';

function behindOf(sessions: readonly Session[]): Record<string, number[]> {
  return Object.fromEntries(
    [...readLockQueues(sessions).behind].map(([root, waiters]) => [
      root,
      waiters.map((each) => each.identity.id).sort(),
    ]),
  );
}

describe('lock queues', () => {
  it('lead every waiter of a chain to its root', () => {
    expect(behindOf([waiter(3, [2]), waiter(2, [1]), inTransaction(1)])).toEqual({ 1: [2, 3] });
  });

  it('put a waiter behind two ways to one root down to that root', () => {
    expect(behindOf([inTransaction(1), waiter(2, [1]), waiter(3, [1]), waiter(4, [2, 3])])).toEqual({ 1: [2, 3, 4] });
  });

  it('keep queues of different roots apart and mark roots that hold up the same waiter', () => {
    const queues = readLockQueues([
      inTransaction(1),
      inTransaction(2),
      waiter(3, [1]),
      waiter(4, [2]),
      waiter(5, [3, 4]),
    ]);
    expect([...queues.behind.keys()]).toEqual([1, 2]);
    expect(queues.shared).toEqual(new Set([1, 2]));
  });

  it('have no root for a deadlock and for those behind it', () => {
    expect(behindOf([waiter(1, [2]), waiter(2, [1]), waiter(3, [2])])).toEqual({});
  });

  it('count waiters behind a prepared transaction', () => {
    expect(readLockQueues([waiter(1, [0]), waiter(2, [1])]).behindPrepared).toBe(2);
  });

  it('hold no known session to blame for a waiter whose blockers do not show', () => {
    const queues = readLockQueues([inTransaction(1), waiter(2, [-1]), waiter(3, [1, -1]), waiter(4, [2])]);
    expect(queues.behind.size).toBe(0);
    expect(queues.behindUnknown).toBe(3);
  });

  it('keep those apart that wait for a mutex, and those behind them: no end of its holder frees them', () => {
    const wait = { type: 'Lock', event: 'advisory' };
    const queues = readLockQueues([
      inTransaction(1),
      waiter(2, [1], { wait }),
      waiter(3, [1, 2], { wait }),
      waiter(4, [2]),
      waiter(5, [1]),
    ]);
    const ids = (map: typeof queues.behind) =>
      [...map].map(([root, waiters]) => [root, waiters.map(({ identity }) => identity.id).sort()]);
    expect(ids(queues.behindMutex)).toEqual([[1, [2, 3, 4]]]);
    expect(ids(queues.behind)).toEqual([[1, [5]]]);
  });

  it('follow a chain of ten thousand', () => {
    const chain = [inTransaction(1), ...many(9_999, 2, (id) => waiter(id, [id - 1]))];
    expect(behindOf(chain)['1']).toHaveLength(9_999);
  });
});

it('tells whom a session waits for as a person looks for it in a list', () => {
  expect(describeAhead(aSession(1))).toBe('');
  expect(describeAhead(waiter(1, [57, PREPARED_TRANSACTION]))).toBe('57, a prepared transaction');
  expect(describeAhead(waiter(1, [UNKNOWN_BLOCKER]))).toBe('not shown');
  expect(describeAhead(waiter(1, [2, 3, 4, 5]))).toBe('2, 3, 4, …');
});
