import { expect, it } from 'vitest';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import { countSessions, MOST_CONSUMERS } from '../../../../functions/core/server/consumer-count.ts';
import { active, aSession, inTransaction, many } from '../../../support/a-session.ts';

const never = () => false;

it('counts sessions of clients by consumer and by what they do, without our own', () => {
  const sessions = [
    ...many(3, 1, aSession),
    inTransaction(4),
    active(5),
    aSession(6, { state: 'idle-in-transaction-aborted' }),
    aSession(7, { state: 'rolling-back', user: 'batch' }),
    aSession(8, { own: true }),
    aSession(9, { kind: 'replication' }),
    aSession(10, { kind: 'system' }),
  ];
  const { largest, rest } = countSessions(sessions, ({ identity }) => identity.id === 4);
  expect(largest).toEqual([
    { name: consumerOf(aSession(1)), user: 'app', idle: 3, open: 2, busy: 1, arrived: 1 },
    { name: consumerOf(aSession(1, { user: 'batch' })), user: 'batch', idle: 0, open: 0, busy: 1, arrived: 0 },
  ]);
  expect(rest).toEqual({ consumers: 0, sessions: 0 });
});

it('does not know arrivals of sessions that do not show them', () => {
  const arrivedOf = (hasArrived: Parameters<typeof countSessions>[1]) =>
    countSessions(many(3, 1, aSession), hasArrived).largest[0]?.arrived;
  expect(arrivedOf(() => null)).toBeNull();
  expect(arrivedOf(({ identity }) => (identity.id === 2 ? null : true))).toBe(2);
});

it('sums all but the largest', () => {
  const sessions = many(MOST_CONSUMERS + 4, 1, (id) => aSession(id, { user: `user-${String.fromCharCode(96 + id)}` }));
  const { largest, rest } = countSessions([...sessions, aSession(99, { user: 'user-x' })], never);
  expect(largest).toHaveLength(MOST_CONSUMERS);
  expect(largest[0]?.user).toBe('user-x');
  expect(rest).toEqual({ consumers: 4, sessions: 4 });
});
