import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { opensWith, redactStatement, type Dialect } from '../../../../functions/core/server/statement.ts';

const redact = (text: string, dialect: Dialect = 'postgres') => redactStatement(text, dialect, 'redacted').text;

describe('a redacted statement', () => {
  const cases: readonly [string, string][] = [
    [`SELECT * FROM users WHERE name = 'O''Brien' AND age > 42`, 'SELECT * FROM users WHERE name = ? AND age > ?'],
    [
      `select E'it\\'s', U&'d\\0061t', B'101', X'1F', N'n', 1.5e-10, .5, 0x1F, 1_000`,
      'select ?, ?, ?, ?, ?, ?, ?, ?, ?',
    ],
    [`SELECT $1, $2::int, $body$ it's $x$ secret $body$, $$plain$$`, 'SELECT $1, $2::int, ?, ?'],
    [`SELECT 1 -- password: hunter2\n, t1.c2 /* a /* nested */ secret */ FROM t1`, 'SELECT ? , t1.c2 FROM t1'],
    [`SELECT "id", "it's odd", "T"."c" FROM "public"."users"`, 'SELECT "id", "?", "T"."c" FROM "public"."users"'],
    [`DO $$ BEGIN PERFORM secret('x'); END $$`, 'DO ?'],
    [`DO 'BEGIN PERFORM 1; END'`, 'DO ?'],
    [`COMMENT ON TABLE t IS 'the secret'`, 'COMMENT ON TABLE t IS ?'],
    [`CREATE ROLE bob LOGIN PASSWORD 'hunter2'`, 'CREATE ROLE bob LOGIN PASSWORD ?'],
    [`SET my.secret = hunter2`, 'SET my.secret = ?'],
    [`set session my.secret to hunter2, more`, 'set session my.secret to ?'],
    [`ALTER ROLE bob SET my.secret TO hunter2`, 'ALTER ROLE bob SET my.secret TO ?'],
    [`UPDATE t SET a = b, c = 'x' WHERE id = 5`, 'UPDATE t SET a = b, c = ? WHERE id = ?'],
    [`COPY t (a, b) FROM stdin;\n1\thunter2\n`, 'COPY t (a, b) FROM stdin; ?'],
    [`BEGIN; SET x = hunter2; SELECT 1`, 'BEGIN; SET x = ?'],
    [`LISTEN jobs; NOTIFY jobs, 'payload'`, 'LISTEN jobs; NOTIFY jobs, ?'],
    [`SELECT 'unterminated secret`, 'SELECT ?'],
    [`SELECT 'a\\' , secret '`, 'SELECT ?'],
    [`SELECT /* cut in a comm`, 'SELECT'],
    [`SELECT $tag$ cut`, 'SELECT ?'],
    [`SELECT $ta`, 'SELECT'],
    [`SELECT "cut`, 'SELECT "?"'],
    ['SELECT\u0000 a,\u001b[31m\u2028 b\r\n\t FROM t', 'SELECT a, [?'],
  ];
  test.each(cases)('%s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  const mysqlCases: readonly [string, string][] = [
    [`SELECT "double", 'it''s', _utf8'x', x'1F' FROM \`t-1\``, 'SELECT ?, ?, ?, ? FROM `?`'],
    [`SELECT 5--'a\nsecret'`, 'SELECT ?--?'],
    [`SELECT 1 # comment\n, a`, 'SELECT ? , a'],
    [`SELECT 'it\\'s', 'secret'`, 'SELECT ?'],
    [`CREATE USER bob IDENTIFIED BY 'hunter2'`, 'CREATE USER bob IDENTIFIED BY ?'],
    [`SET @secret = hunter2`, 'SET @secret = ?'],
    [`/* a /* b */ SELECT c`, 'SELECT c'],
  ];
  test.each(mysqlCases)('in MySQL: %s', (text, expected) => {
    expect(redact(text, 'mysql')).toBe(expected);
  });

  /** What servers read otherwise than it looks. Where it is not certain what is literal, nothing more is shown. */
  const NBSP = '\u00a0';
  const corners: readonly [Dialect, string, string][] = [
    ['mysql', `SELECT /*!40001 SQL_NO_CACHE */ a FROM t WHERE b = 'zq'`, 'SELECT a FROM t WHERE b = ?'],
    ['mysql', `SELECT /*!50000 '*/ zq', */ 1`, 'SELECT'],
    ['mysql', `SELECT /*M!100000 "*/ zq", */ 1`, 'SELECT'],
    ['mysql', `SELECT /*!99999 # */ 'a\n*/, 'zq' */ 1`, 'SELECT'],
    ['mysql', `SELECT /*+ SET_VAR(a = '*/ zq') */ 1`, 'SELECT'],
    ['mysql', `/*!40000 SET */ @a = zq`, ''],
    ['postgres', `SELECT /*! ' */ a, 'zq' /*+ ' */`, 'SELECT a, ?'],
    ['mysql', `SELECT 1--\u0001'\n, a, 'zq'`, 'SELECT ? , a, ?'],
    ['mysql', `SELECT 5--${NBSP}'\n, zq'`, 'SELECT ?--'],
    ['postgres', `SELECT 1 --${NBSP}'\n, a, 'zq'`, 'SELECT ? , a, ?'],
    ['postgres', `SELECT ${NBSP}E'\\', ' zq '`, 'SELECT'],
    ['postgres', `SELECT x${NBSP}E'\\', ' zq '`, 'SELECT x'],
    ['mysql', `SET${NBSP}x = zq`, 'SET'],
    ['postgres', `SELECT $a$ $b$ zq $b$ $a$, $a$b$a$, a`, 'SELECT ?, ?, a'],
    ['postgres', `SELECT $\ufffd$ x $\ufffd$ zq $\ufffd$`, 'SELECT ?'],
    ['mysql', `SELECT $a$, ' $a$ zq '`, 'SELECT'],
    ['postgres', `CREATE ROLE bob LOGIN PASSWORD zq`, 'CREATE ROLE bob LOGIN PASSWORD ?'],
    ['postgres', `CREATE ROLE bob PASSWORD "zq"`, 'CREATE ROLE bob PASSWORD ?'],
    ['postgres', `ALTR ROLE bob ENCRYPTED PASSWORD zq`, 'ALTR ROLE bob ENCRYPTED PASSWORD ?'],
    [
      'postgres',
      `CREATE USER MAPPING FOR a SERVER s OPTIONS (password "zq")`,
      'CREATE USER MAPPING FOR a SERVER s OPTIONS (password ?',
    ],
    ['postgres', `UPDATE users SET "password" = "zq" WHERE a = b`, 'UPDATE users SET "password" = ?'],
    ['postgres', `SELECT a FROM users WHERE user_password LIKE "zq"`, 'SELECT a FROM users WHERE user_password LIKE ?'],
    ['postgres', `SELECT password, a FROM users`, 'SELECT password, a FROM users'],
    ['mysql', `CREATE USER bob IDENTIFIED BY zq`, 'CREATE USER bob IDENTIFIED BY ?'],
    ['mysql', 'ALTER USER bob IDENTIFIED BY `zq`', 'ALTER USER bob IDENTIFIED BY ?'],
    ['mysql', `ALTER USER bob IDENTIFIED zq`, 'ALTER USER bob IDENTIFIED ?'],
    ['mysql', `ALTER USER bob IDENTIFIED WITH x BY zq`, 'ALTER USER bob IDENTIFIED ?'],
    ['mysql', `CHANGE MASTER TO MASTER_PASSWORD = zq`, 'CHANGE MASTER TO MASTER_PASSWORD ?'],
    ['mysql', `SET PASSWORD FOR bob = zq`, 'SET PASSWORD ?'],
  ];
  test.each(corners)('in a corner of %s: %j', (dialect, text, expected) => {
    expect(redact(text, dialect)).toBe(expected);
  });

  test('is at most 200 characters long and made in no time, whatever the text', () => {
    for (const text of ["'", '"', '/*', '$a$', '\\', "E'\\", '(', 'a ', '1', '--', '/*/*', 'SET a.']) {
      const before = process.threadCpuUsage();
      const redacted = redact(text.repeat(1_000_000)) ?? '';
      expect(redacted.length).toBeLessThanOrEqual(200);
      // Of the processor's time: on a busy machine everything takes longer by the clock.
      const { user, system } = process.threadCpuUsage(before);
      expect(user + system).toBeLessThan(100_000);
    }
  });

  test('keeps no random literal, in whatever form, wherever it stands and wherever the text is cut off', () => {
    const secret = fc.stringMatching(/^zq[a-y ]{4,12}[0-9]{3}zq$/);
    const form = fc.constantFrom<(value: string) => string>(
      (value) => `'${value}'`,
      (value) => `'it''s ${value}'`,
      (value) => `E'\\'\\\\ ${value} \\''`,
      (value) => `e'${value}\\\\'`,
      (value) => `U&'\\0061 ${value}'`,
      (value) => `B'${value}'`,
      (value) => `X'${value}'`,
      (value) => `$$${value}$$`,
      (value) => `$q1$ '${value}" $$ $q1$`,
      (value) => `/* ${value} */ 'x'`,
      (value) => `/* ' /* ${value} */ */ 'x'`,
      (value) => `1 -- ${value}\n`,
      (value) => `date '${value}'`,
      (value) => `'\n -- ${value}\n'`,
      (value) => `'a' '${value}\\n'`,
    );
    const frame = fc.constantFrom(
      (value: string) => `SELECT ${value}`,
      (value: string) => `SELECT a FROM "t" WHERE b=${value} AND c IN (${value},${value}) -- end`,
      (value: string) => `INSERT INTO t VALUES ($1,${value}, 'o''k', ${value})`,
      (value: string) => `UPDATE t SET a = ${value} WHERE "b" <> ${value}`,
      (value: string) => `COMMENT ON TABLE t IS ${value}`,
      (value: string) => `CREATE ROLE x PASSWORD ${value}; SELECT ${value}`,
      (value: string) => `SET x.y = ${value}`,
      (value: string) => `DO ${value}`,
    );
    const statement = fc.tuple(frame, form, secret, fc.nat()).map(([frameOf, formOf, value, cut]) => {
      const whole = frameOf(formOf(value));
      return { value, text: whole.slice(0, whole.length - (cut % whole.length)) };
    });
    fc.assert(
      fc.property(statement, ({ value, text }) => {
        const redacted = redact(text) ?? '';
        expect(redacted).not.toContain('zq');
        expect(redacted).not.toContain(value.slice(0, 6));
      }),
      { numRuns: 5_000 },
    );
  });

  test('keeps no number', () => {
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt(), fc.nat());
    fc.assert(
      fc.property(number, (value) => {
        expect(redact(`SELECT t1.c2 FROM t1 WHERE a = ${value} AND b IN (${value},${value})`)).not.toMatch(
          /(?<![a-z])[0-9]/,
        );
      }),
    );
  });

  test('keeps no random literal of MySQL either', () => {
    const form = fc.constantFrom<(value: string) => string>(
      (value) => `'${value}'`,
      (value) => `"${value}"`,
      (value) => `"it""s ${value}"`,
      (value) => `'\\' ${value}'`,
      (value) => `_utf8mb4'${value}'`,
      (value) => `# ' ${value}\n 'x'`,
      (value) => `/* ' ${value} */ 'x'`,
      (value) => `5--'\n${value}'`,
    );
    fc.assert(
      fc.property(fc.stringMatching(/^zq[a-y]{4,12}zq$/), form, fc.nat(), (value, formOf, cut) => {
        const whole = `SELECT \`a\` FROM t WHERE b = ${formOf(value)} AND c = "d" LIMIT 5`;
        expect(redact(whole.slice(0, whole.length - (cut % whole.length)), 'mysql')).not.toContain('zq');
      }),
      { numRuns: 2_000 },
    );
  });
});

test('the verb is the first keyword, past comments and parentheses', () => {
  const verbOf = (text: string) => redactStatement(text, 'postgres', 'verb');
  expect(verbOf('  /* x */ ((select 1))')).toEqual({ verb: 'SELECT', text: null, isOptedOut: false });
  expect(verbOf('vacuum')).toEqual({ verb: 'VACUUM', text: null, isOptedOut: false });
  expect(verbOf('')).toEqual({ verb: '', text: null, isOptedOut: false });
  expect(verbOf("'secret'")).toEqual({ verb: '', text: null, isOptedOut: false });
});

test.each([
  ["SET maintenance_work_mem = '2GB'; CREATE INDEX i ON t (c)", 'CREATE'],
  ['BEGIN; alter table t add c int; COMMIT', 'ALTER'],
  ["set x = a.b; INSERT INTO t VALUES ('; x'); /* ; */ vacuum", 'VACUUM'],
  [`${'-- licence\n'.repeat(60)}REINDEX TABLE t`, 'REINDEX'],
  ["SELECT '; VACUUM'; UPDATE t SET a = 1", 'SELECT'],
  ['SELECT 1; -- VACUUM', 'SELECT'],
  ['EXPLAIN ANALYZE SELECT 1;', 'EXPLAIN'],
])('the verb of several statements is that of the one only a person may stop: %s', (text, verb) => {
  expect(redactStatement(text, 'postgres', 'verb').verb).toBe(verb);
});

test('verbatim is the text on one line, cut off', () => {
  expect(redactStatement("SELECT\n 'x'", 'postgres', 'verbatim')).toEqual({
    verb: 'SELECT',
    text: "SELECT 'x'",
    isOptedOut: false,
  });
  expect(redactStatement(`SELECT '${'x'.repeat(500)}'`, 'postgres', 'verbatim').text).toHaveLength(200);
});

test('the opt-out is seen, whatever may be told of the statement', () => {
  for (const detail of ['redacted', 'verb', 'verbatim'] as const) {
    expect(redactStatement('/* headroom:keep */ SELECT 1', 'postgres', detail).isOptedOut).toBe(true);
    expect(redactStatement('SELECT 1 # headroom:keep', 'mysql', detail).isOptedOut).toBe(true);
    expect(redactStatement('SELECT headroom FROM keep', 'postgres', detail).isOptedOut).toBe(false);
  }
});

test('what a statement opens with is read past blanks and comments, and no further', () => {
  const words = ['CREATE', 'TEMPORARY'];
  for (const text of [
    'CREATE TEMPORARY TABLE t (id INT)',
    '/* a */ create -- b\n\ttemporary table t',
    'Create Temporary',
  ])
    expect(opensWith(text, 'mysql', words)).toBe(true);
  for (const text of [
    'CREATE TABLE temporary (id INT)',
    "SELECT 'CREATE TEMPORARY'",
    'CREATE',
    '',
    '/* CREATE TEMPORARY',
  ])
    expect(opensWith(text, 'mysql', words)).toBe(false);
});
