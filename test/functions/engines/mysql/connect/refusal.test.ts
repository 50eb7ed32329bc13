import { expect, test } from 'vitest';
import * as mysql from '../../../../../functions/engines/mysql/connect/refusal.ts';
import { ConnectionLost } from '../../../../../functions/engines/shared/engine.ts';

const refusalOf = (error: unknown, mode: 'disable' | 'verify-full' = 'verify-full', password = 'x') =>
  mysql.refusalOf(error, { password, tls: { mode, ca: null } });

function serverError(errno: number, message: string, code?: string): Error {
  return Object.assign(new Error(message), { errno, code, sqlMessage: message });
}

function clientError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

test('full is what both say when every slot is taken, before they have looked at a password', () => {
  const error = serverError(1040, 'Too many connections', 'ER_CON_COUNT_ERROR');
  expect(refusalOf(error)).toEqual({ kind: 'full', code: 'ER_CON_COUNT_ERROR', message: 'Too many connections' });
  expect(refusalOf(new ConnectionLost('ER_CON_COUNT_ERROR', 'x', { cause: error })).kind).toBe('full');
});

test.each([
  ['consumer-full', serverError(1203, 'User app already has more than max_user_connections active connections')],
  [
    'consumer-full',
    serverError(1226, "User 'app' has exceeded the 'max_user_connections' resource (current value: 5)"),
  ],
  ['authentication', serverError(1045, "Access denied for user 'app'@'10.0.0.1' (using password: YES)")],
  ['authentication', serverError(1130, "Host '10.0.0.1' is not allowed to connect to this MySQL server")],
  ['authentication', serverError(1698, "Access denied for user 'app'@'10.0.0.1'")],
  ['authentication', serverError(3118, "Access denied for user 'app'@'%'. Account is locked.")],
  ['authentication', serverError(4151, 'Access denied, this account is locked')],
  ['authentication', clientError('AUTH_SWITCH_PLUGIN_ERROR')],
  ['authentication', clientError('MYSQL_CLEAR_PASSWORD_NOT_ENABLED')],
  ['missing-database', serverError(1049, "Unknown database 'shop'")],
  ['missing-database', serverError(1044, "Access denied for user 'app'@'%' to database 'shop'")],
  ['tls', serverError(3159, 'Connections using insecure transport are prohibited')],
  ['tls', clientError('HANDSHAKE_NO_SSL_SUPPORT')],
  ['tls', clientError('HANDSHAKE_SSL_ERROR', 'certificate has expired')],
  ['starting', serverError(1053, 'Server shutdown in progress')],
  ['starting', serverError(3032, 'The server is currently in offline mode')],
  ['network', clientError('ECONNREFUSED')],
  ['network', clientError('PROTOCOL_CONNECTION_LOST', 'Connection lost: The server closed the connection.')],
  ['network', new ConnectionLost('ETIMEDOUT', 'no connection within 3000 ms')],
  ['silent', new ConnectionLost('NO_ANSWER', 'no answer within 3000 ms')],
  ['out-of-resources', serverError(1135, "Can't create a new thread (errno 11); if you are not out of memory, …")],
  ['out-of-resources', serverError(1041, 'Out of memory; check if mysqld or some other process uses all available …')],
  [
    'host-blocked',
    serverError(
      1129,
      "Host '127.0.0.2' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
    ),
  ],
  ['other', serverError(1142, 'SELECT command denied')],
  ['other', new Error('something else')],
] as const)('%s: %s', (kind, error) => {
  expect(refusalOf(error).kind).toBe(kind);
  expect(refusalOf(error).message).not.toBe('');
});

test.each([
  [1862, 'authentication', 'PASSWORD EXPIRE NEVER'],
  [1193, 'other', 'before 8.0'],
])('for error %i the message says what to do', (errno, kind, advice) => {
  expect(refusalOf(serverError(errno, 'x'))).toMatchObject({
    kind,
    message: expect.stringContaining(advice) as string,
  });
});

/** As their sources and manuals have them. */
test.each([
  [1040, 'Too many connections to MySQL Router'],
  [1040, 'Connections rate limit exceeded (100)'],
  [1040, 'IAM authentication rate limit exceeded'],
  [1040, 'Number simultaneous connections exceeded (420)'],
  [1045, "ProxySQL Error: Access denied for user 'app'@'10.0.0.1' (using password: YES)"],
  [9001, 'Max connect timeout reached while reaching hostgroup 1 after 10000ms'],
  [9501, 'Timed-out waiting to acquire database connection'],
])('a pooler that is full, or refuses, is not the server: %i %s', (errno, message) => {
  const refusal = refusalOf(serverError(errno, message));
  expect(refusal.kind).toBe('wrong-server');
  expect(refusal.message).toContain('a pooler or proxy answers at this address');
  expect(refusal.message).toContain(message);
});

test('a login without a password that is refused is told that none is configured', () => {
  const error = serverError(1045, "Access denied for user 'app'@'10.0.0.1' (using password: NO)");
  expect(refusalOf(error, 'verify-full', '').message).toContain('no password is configured');
  expect(refusalOf(error, 'disable', '').message).toContain('no password is configured');
  expect(refusalOf(error).message).not.toContain('configured');
});

test('a password refused without TLS may be a matter of TLS', () => {
  const error = serverError(1045, "Access denied for user 'app'@'%'");
  expect(refusalOf(error, 'disable').message).toContain('may insist on TLS');
  expect(refusalOf(error).message).not.toContain('TLS');
});

test("the server's words come on one line and at a bounded length", () => {
  const { message } = refusalOf(serverError(1045, `user 'a\nb\u001b[31m' ${'x'.repeat(1_000)}`));
  expect(message.startsWith("user 'a b [31m' xxx")).toBe(true);
  expect(message).toHaveLength(300);
});
