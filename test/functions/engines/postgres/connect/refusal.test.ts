import pg from 'pg';
import { expect, test } from 'vitest';
import * as postgres from '../../../../../functions/engines/postgres/connect/refusal.ts';
import { ConnectionLost } from '../../../../../functions/engines/shared/engine.ts';

const refusalOf = (error: unknown, password = 'x') => postgres.refusalOf(error, { password });

function serverError(code: string, message: string, routine: string | undefined = 'any'): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code, routine });
}

test.each([
  'remaining connection slots are reserved for non-replication superuser connections',
  'remaining connection slots are reserved for non-replication superuser and rds_superuser connections',
  'remaining connection slots are reserved for non-replication superuser, rds_reserved, and rds_superuser connections',
  'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role',
  'remaining connection slots are reserved for roles with the SUPERUSER attribute',
  'sorry, too many clients already',
])('full: %s', (message) => {
  expect(refusalOf(serverError('53300', message, 'InitPostgres'))).toEqual({ kind: 'full', code: '53300', message });
});

test.each([
  ['consumer-full', serverError('53300', 'too many connections for role "app"', 'InitializeSessionUserId')],
  ['consumer-full', serverError('53300', 'too many connections for database "app"', 'CheckMyDatabase')],
  // The same in another language of the server's.
  ['consumer-full', serverError('53300', 'zu viele Verbindungen für Rolle »app«', 'InitializeSessionUserId')],
  ['full', serverError('53300', 'tut mir leid, schon zu viele Verbindungen', 'InitProcess')],
  ['authentication', serverError('28P01', 'password authentication failed for user "app"')],
  ['authentication', serverError('28000', 'PAM authentication failed for user "app"')],
  ['tls', serverError('28000', 'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption')],
  ['missing-database', serverError('3D000', 'database "b" does not exist')],
  ['starting', serverError('57P03', 'the database system is starting up')],
  ['other', serverError('42501', 'permission denied for database "b"')],
  ['network', Object.assign(new Error(''), { code: 'ECONNREFUSED' })],
  ['network', Object.assign(new Error('getaddrinfo ENOTFOUND db'), { code: 'ENOTFOUND' })],
  ['network', new Error('Connection terminated unexpectedly')],
  ['network', new ConnectionLost('ETIMEDOUT', 'no connection within 3000 ms')],
  ['silent', new ConnectionLost('NO_ANSWER', 'no answer within 3000 ms')],
  ['out-of-resources', serverError('53200', 'out of memory', 'AllocSetContextCreateInternal')],
  [
    'starting',
    new ConnectionLost('57P03', 'x', { cause: serverError('57P03', 'the database system is shutting down') }),
  ],
  ['tls', Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })],
  ['tls', Object.assign(new Error('expired'), { code: 'CERT_HAS_EXPIRED' })],
  ['tls', Object.assign(new Error('x'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })],
  ['tls', new Error('The server does not support SSL connections')],
  ['authentication', new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
  ['other', new Error('something else')],
] as const)('%s: %s', (kind, error) => {
  expect(refusalOf(error).kind).toBe(kind);
  expect(refusalOf(error).message).not.toBe('');
});

/** As their sources have them: without the routine that the server itself always names, or with one that it has not. */
test.each([
  ['08P01', 'no more connections allowed (max_client_conn)', undefined],
  ['08P01', 'query_wait_timeout', undefined],
  ['53300', 'sorry, too many clients already', undefined],
  [
    'XX000',
    '(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15',
    undefined,
  ],
  ['53300', 'max client connections reached, limit: 200', 'pooler_error'],
])('a pooler that is full is not the server: %s %s', (code, message, routine) => {
  const error = Object.assign(serverError(code, message), { routine });
  const refusal = refusalOf(error);
  expect(refusal.kind).toBe('wrong-server');
  expect(refusal.message).toContain('a pooler or proxy answers at this address');
  expect(refusal.message).toContain(message);
});

test('a login without a password that is refused is told that none is configured', () => {
  const asked = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string');
  expect(refusalOf(asked, '').message).toMatch(/^the server asks for a password; no password is configured/);
  expect(refusalOf(serverError('28P01', 'password authentication failed'), '').message).toContain('no password');
  expect(refusalOf(serverError('28P01', 'password authentication failed')).message).not.toContain('no password');
});

test('a server that is too old for our settings is called that', () => {
  const error = serverError('42704', 'unrecognized configuration parameter "idle_session_timeout"');
  expect(refusalOf(error)).toMatchObject({ kind: 'other', message: expect.stringContaining('before 14') as string });
});

test("the server's words come on one line and at a bounded length", () => {
  const { message } = refusalOf(serverError('28P01', `user "a\nb\u001b[31m" ${'x'.repeat(1_000)}`));
  expect(message.startsWith('user "a b [31m" xxx')).toBe(true);
  expect(message).toHaveLength(300);
});
