import { expect, test } from 'vitest';
import { PREPARED_TRANSACTION, UNKNOWN_BLOCKER } from '../../../../../functions/core/server/session.ts';
import { metadataBlockers, rowBlockers, united } from '../../../../../functions/engines/mysql/sessions/blockers.ts';
import type { MetadataLockRow } from '../../../../../functions/engines/mysql/sessions/sessions.sql.ts';

/** Thread n serves session 100 + n. */
const SESSIONS = new Map(Array.from({ length: 50 }, (_, n) => [n, 100 + n]));

function lock(thread: number, type: string, change: Partial<MetadataLockRow> = {}): MetadataLockRow {
  return { thread, kind: 'TABLE', object: 'TABLE/main/ledger', type, kept: 0, pending: 0, ...change };
}
const wanted = (thread: number, type: string) => lock(thread, type, { pending: 1 });
const blockers = (...locks: MetadataLockRow[]) => Object.fromEntries(metadataBlockers(locks, SESSIONS));

test('who changes a table waits for all who use it; who came later waits for the change alone', () => {
  const found = blockers(
    lock(1, 'SHARED_READ'),
    lock(2, 'SHARED_WRITE'),
    lock(3, 'SHARED_UPGRADABLE'),
    wanted(3, 'EXCLUSIVE'),
    wanted(4, 'SHARED_READ'),
    wanted(5, 'SHARED_WRITE'),
  );
  expect(found).toEqual({ 103: [101, 102], 104: [103], 105: [103] });
});

test('locks that go together block nobody', () => {
  expect(blockers(lock(1, 'SHARED_READ'), lock(2, 'SHARED_WRITE'), wanted(3, 'SHARED_READ'))).toEqual({});
});

test('who stops all writing waits for those who write, and those who come to write wait for it', () => {
  const everywhere = { kind: 'GLOBAL', object: 'GLOBAL//' };
  const found = blockers(
    lock(1, 'INTENTION_EXCLUSIVE', everywhere),
    lock(2, 'SHARED', { ...everywhere, pending: 1 }),
    lock(3, 'INTENTION_EXCLUSIVE', { ...everywhere, pending: 1 }),
  );
  expect(found).toEqual({ 102: [101], 103: [102] });
});

test('locks on another table are another queue', () => {
  expect(blockers(lock(1, 'EXCLUSIVE', { object: 'TABLE/main/other' }), wanted(2, 'SHARED_READ'))).toEqual({});
});

test('a type that is not known conflicts with everything, and a thread without a session is unknown', () => {
  expect(blockers(lock(1, 'SHARED_READ'), lock(77, 'SHARED_READ'), wanted(2, 'BACKUP_FTWRL1'))).toEqual({
    102: [101, UNKNOWN_BLOCKER],
  });
});

test('of a long queue at most 32 are told, those who hold the lock first', () => {
  const found = metadataBlockers(
    [
      ...Array.from({ length: 40 }, (_, n) => lock(n + 2, 'SHARED_READ')),
      wanted(1, 'EXCLUSIVE'),
      ...Array.from({ length: 5 }, (_, n) => wanted(n + 44, 'SHARED_READ')),
    ],
    SESSIONS,
  );
  expect(found.get(101)).toHaveLength(32);
});

test('waits of transactions are waits of their sessions; a prepared one has none, a vanished one is unknown', () => {
  const row = { state: 'RUNNING', started: 0, age_s: 0, wait_s: null, rows_modified: 0 };
  const transactions = [
    { ...row, trx: '7', id: 101 },
    { ...row, trx: '8', id: 102 },
    { ...row, trx: '9', id: 0 },
  ];
  const waits = [
    { waiter: '7', blocker: '8' },
    { waiter: '7', blocker: '9' },
    { waiter: '7', blocker: '10' },
    { waiter: '11', blocker: '7' },
  ];
  const found = rowBlockers(waits, transactions);
  expect(Object.fromEntries(found)).toEqual({ 101: [102, PREPARED_TRANSACTION, UNKNOWN_BLOCKER] });
  expect(united(101, found, new Map([[101, [102, 103, 101]]]))).toEqual([102, 0, UNKNOWN_BLOCKER, 103]);
});
