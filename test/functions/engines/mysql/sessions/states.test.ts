import { expect, test } from 'vitest';
import {
  kindOf,
  stateOf,
  takesSlot,
  waitsForServerLock,
} from '../../../../../functions/engines/mysql/sessions/states.ts';

test.each([
  ['replication', 'repl', 'Binlog Dump', true],
  ['replication', 'repl', 'Binlog Dump GTID', true],
  ['replication', 'rdsrepladmin', 'Sleep', true],
  ['system', 'system user', 'Query', false],
  ['system', 'system user', 'Slave_SQL', false],
  ['system', 'event_scheduler', 'Daemon', false],
  ['system', 'rdsadmin', 'Sleep', true],
  ['system', 'rdsproxyadmin', 'Query', true],
  ['system', 'mysql.session', 'Query', true],
  ['system', 'rdswriteforwarduser', 'Sleep', true],
  ['client', 'rdsuser', 'Sleep', true],
  ['client', 'rdsadmin_reports', 'Sleep', true],
  ['client', 'mysql.orders', 'Query', true],
  ['client', 'admin', 'Sleep', true],
  ['client', 'unauthenticated user', 'Connect', true],
  ['client', 'mysqladmin', 'Query', true],
] as const)('%s: %s, %s', (kind, user, command, slot) => {
  const thread = { user, command, host: user.startsWith('system') ? '' : '10.0.0.1:4000' };
  if (command !== 'Slave_SQL') expect(kindOf(thread)).toBe(kind);
  else expect(kindOf(thread)).not.toBe('client');
  expect(takesSlot(thread)).toBe(slot);
});

test.each([
  ['an event at work', 'chores', 'localhost', 'Connect', 'system', false],
  ['an event at work of a definer from anywhere', 'chores', '%', 'Connect', 'system', false],
  ['a client that is logging in', 'app', '10.0.0.1:4000', 'Connect', 'client', true],
  ['a client whose user is not known yet', 'unauthenticated user', 'localhost', 'Connect', 'client', true],
  ['a client by the socket', 'app', 'localhost', 'Sleep', 'client', true],
] as const)('%s: %s@%s, %s', (_, user, host, command, kind, slot) => {
  expect([kindOf({ user, host, command }), takesSlot({ user, host, command })]).toEqual([kind, slot]);
});

const still = { isAsleep: false, inTransaction: false, isUndoing: false };

test.each([
  ['idle', 'Sleep', { ...still, isAsleep: true }],
  ['idle-in-transaction', 'Sleep', { ...still, isAsleep: true, inTransaction: true }],
  ['active', 'Query', { ...still, inTransaction: true }],
  ['active', 'Execute', still],
  ['active', 'Bulk_execute', still],
  // As MariaDB writes it, and MySQL.
  ['active', 'Reset connection', still],
  ['active', 'Reset Connection', still],
  ['rolling-back', 'Killed', still],
  ['rolling-back', 'Sleep', { ...still, isAsleep: true, inTransaction: true, isUndoing: true }],
  ['rolling-back', 'Query', { ...still, isUndoing: true }],
  ['starting', 'Connect', still],
  ['other', 'Quit', still],
] as const)('%s: %s', (state, command, facts) => {
  expect(stateOf({ user: 'app', command }, facts)).toBe(state);
});

test('a connection that has not logged in is starting, whatever else it shows', () => {
  expect(stateOf({ user: 'unauthenticated user', command: 'Sleep' }, { ...still, isAsleep: true })).toBe('starting');
});

test.each([
  ['Waiting for table metadata lock', true],
  ['Waiting for global read lock', true],
  ['Waiting for table flush', true],
  ['User lock', true],
  ['Waiting for handler commit', false],
  ['User sleep', false],
  ['', false],
  [null, false],
])('%j is a wait for a lock: %s', (doing, is) => {
  expect(waitsForServerLock(doing)).toBe(is);
});
