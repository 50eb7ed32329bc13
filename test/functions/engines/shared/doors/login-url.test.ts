import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLoginUrl } from '../../../../../functions/engines/shared/doors/login-url.ts';

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
  ['postgres://u:p@/d', 'does not use Unix sockets'],
  ['postgres://u:p@%2Frun%2Fsecret/d', 'does not use Unix sockets'],
  ['postgres://u:p@h/d?host=/run/secret', 'does not use Unix sockets'],
  // Passwords as people paste them.
  ['postgres://u:a@secret/w@db.example.com/d', 'write the characters @ : / ? # and % of a password as %40'],
  ['postgres://u:12/secret@db.example.com/d', 'its password seems to end too early'],
  ['postgres://u:12?secret=secret@db.example.com/d', 'its password seems to end too early'],
  ['postgres://u:a@secret#secret@db.example.com/d', 'its password seems to end too early'],
  ['postgres://u:secret/secret@db.example.com/d', 'write the characters @ : / ? # and % of a password as %40'],
])('%s is refused without being repeated', (url, words) => {
  expect(() => parse(url)).toThrow(words);
  expect(() => parse(url)).toThrow(/^DATABASE_URL: /);
  expect(() => parse(url)).not.toThrow(/secret/);
});

test('every problem is named at once', () => {
  expect(() => parse('mysql://h/d?a=1')).toThrow(/scheme.*no user.*query parameters \(a\)/);
});

test('a password that is not encoded never shows, wherever it seems to end', () => {
  const piece = fc.stringMatching(/^[@:/?#%&=.\\[\] ]{0,3}$/);
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), (pieces) => {
      const password = pieces.map((each) => `${each}hunter2`).join('');
      const read = (): object => parse(`postgres://u:${password}@db.example.com:5432/d`);
      try {
        const { host, database } = read() as { readonly host: string; readonly database: string };
        expect(`${host} ${database}`).not.toContain('hunter2');
      } catch (error) {
        expect(String(error)).not.toContain('hunter2');
      }
    }),
  );
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
