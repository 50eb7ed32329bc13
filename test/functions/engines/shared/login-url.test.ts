import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLoginUrl } from '../../../../functions/engines/shared/login-url.ts';

const SCHEME = { schemes: ['postgresql', 'postgres'], defaultPort: 5432, defaultDatabase: 'postgres' };
const parse = (url: string) => parseLoginUrl(url, 'DATABASE_URL', SCHEME);

test('a URL names host, port, database, user and password, percent-decoded', () => {
  expect(parse('postgres://us%40er:p%2Fw%23@db.example.com:6432/my%20db')).toEqual({
    host: 'db.example.com',
    port: 6432,
    database: 'my db',
    user: 'us@er',
    password: 'p/w#',
  });
});

test('port and database have defaults, the password may be missing, addresses may be IPv6', () => {
  const login = { host: '::1', port: 5432, database: 'postgres', user: 'u', password: '' };
  expect(parse('postgresql://u@[::1]')).toEqual(login);
});

test.each([
  ['not a url secret', 'is not a URL'],
  ['mysql://u:secret@h/d', 'its scheme must be postgresql:// or postgres://'],
  ['postgres:///secret', 'it names no host'],
  ['postgres://h/secret', 'it names no user'],
  ['postgres://u:secret%@h/d', 'its password has a percent sign that encodes nothing'],
  ['postgres://u:p@h/d#secret', 'it has a fragment'],
  ['postgres://u:secret@h/d?sslmode=no-verify&host=secret', 'query parameters (sslmode, host)'],
])('%s is refused without being repeated', (url, words) => {
  expect(() => parse(url)).toThrow(words);
  expect(() => parse(url)).toThrow(/^DATABASE_URL: /);
  expect(() => parse(url)).not.toThrow(/secret/);
});

test('every problem is named at once', () => {
  expect(() => parse('mysql://h/d?a=1')).toThrow(/scheme.*no user.*query parameters \(a\)/);
});

test('whatever the user and password are, they come out as they went in', () => {
  const text = fc.string({ minLength: 1, unit: 'binary' });
  fc.assert(
    fc.property(text, text, (user, password) => {
      const login = parse(`postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h/d`);
      expect(login).toMatchObject({ user, password });
    }),
  );
});
