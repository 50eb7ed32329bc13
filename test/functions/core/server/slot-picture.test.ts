import { describe, expect, it } from 'vitest';
import { readLockQueues } from '../../../../functions/core/server/locks.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { describeSlots, drawSlots } from '../../../../functions/core/server/slot-picture.ts';
import { active, aSession, inTransaction, many, waiter } from '../../../support/a-session.ts';

function draw(sessions: readonly Session[]) {
  return drawSlots(sessions, readLockQueues(sessions));
}

describe('the picture of the slots', () => {
  it('has the largest holders by user, application, client and database', () => {
    const sessions = [
      ...many(6, 1, (id) => aSession(id, { user: 'orders', application: 'export', client: '10.0.0.7' })),
      ...many(4, 11, (id) => aSession(id, { user: 'web', application: '', client: null, database: 'crm' })),
    ];
    const picture = draw(sessions);
    expect(picture.shares).toEqual({
      user: [
        { name: 'orders', sessions: 6 },
        { name: 'web', sessions: 4 },
      ],
      application: [{ name: 'export', sessions: 6 }],
      client: [{ name: '10.0.0.7', sessions: 6 }],
      database: [
        { name: 'shop', sessions: 6 },
        { name: 'crm', sessions: 4 },
      ],
    });
    expect(describeSlots(picture, 10)).toContain(
      'largest shares: user orders 60%, application export 60%, client 10.0.0.7 60%, database shop 60%',
    );
  });

  it('counts ages in bands, whole bands only where somebody is in them', () => {
    const sessions = [
      aSession(1, { connectedMs: 9_999, stateMs: 9_999 }),
      aSession(2, { connectedMs: 10_000, stateMs: 10_000 }),
      aSession(3, { connectedMs: 8_000_000, stateMs: null }),
      active(4, { connectedMs: null, queryMs: 400_000 }),
    ];
    expect(draw(sessions).ages).toEqual({
      connected: [1, 1, 0, 0, 0, 1],
      idle: [1, 1, 0, 0, 0, 0],
      query: [0, 0, 0, 1, 0, 0],
    });
    expect(describeSlots(draw(sessions), 4)).toEqual([
      'largest shares: user app 100%, application web 100%, client 10.0.0.1 100%, database shop 100%',
      'connected for: under 10 s (1), under 60 s (1), 2 h or longer (1)',
      'idle for: under 10 s (1), under 60 s (1)',
      'running a query for: under 30 min (1)',
    ]);
  });

  it('names what active sessions wait for, and the heads of the lock queues', () => {
    const sessions = [
      inTransaction(1, { application: 'pay\nments', wait: { type: 'Client', event: 'ClientRead' } }),
      ...many(5, 2, (id) => waiter(id, [1])),
      active(20, { wait: { type: 'IO', event: 'DataFileRead' } }),
    ];
    const [head, , waits] = describeSlots(draw(sessions), 7);
    expect(head).toBe('session 1 of app/pay·ments (idle-in-transaction) blocks 5 sessions');
    expect(waits).toBe('active sessions wait for: Lock transactionid (5), IO DataFileRead (1)');
  });

  it('names a head of any kind, and a waiter that most others are behind', () => {
    const clients = [
      waiter(2, [1], { application: 'psql', statement: { verb: 'ALTER', text: null, isOptedOut: false } }),
      ...many(5, 3, (id) => waiter(id, [2])),
    ];
    const startup = aSession(1, { kind: 'system', user: null, application: 'startup', client: null });
    const all = [startup, ...clients];
    expect(describeSlots(drawSlots(clients, readLockQueues(all), all), 7)[0]).toBe(
      'session 1, startup (no client session) blocks 6 sessions, 5 of them behind session 2 of app/psql (ALTER)',
    );
  });

  it('names who holds a mutex that others queue for', () => {
    const wait = { type: 'Lock', event: 'User lock' };
    const sessions = [inTransaction(1), waiter(2, [1], { wait }), waiter(3, [1], { wait })];
    expect(describeSlots(draw(sessions), 3)[0]).toBe(
      'session 1 of app/web (idle-in-transaction) holds an advisory lock for which 2 sessions queue',
    );
  });

  it('of nobody is empty', () => {
    expect(describeSlots(draw([]), 1)).toEqual([]);
  });
});
