import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeAll, preparedIn, xidKey, xidOf } from '../../../../../functions/engines/mysql/sessions/xa.ts';

const hex = (text: string) => `0x${Buffer.from(text, 'latin1').toString('hex').toUpperCase()}`;

describe('a prepared transaction', () => {
  it.each([
    ['only its first part', { formatID: 1, gtrid_length: 4, data: hex('held') }, "'held'"],
    ['both parts and the format', { formatID: 7, gtrid_length: 4, data: hex('heldb') }, "'held','b',7"],
    ['no text', { formatID: 1, gtrid_length: 3, data: hex("a'\n") }, "X'61270a'"],
    ['SQL already (MariaDB)', { formatID: 7, gtrid_length: 1, data: "X'61',X'62',7" }, "X'61',X'62',7"],
  ])('has the name that XA ROLLBACK takes, from %s', (_, row, gid) => {
    expect(xidOf(row).gid).toBe(gid);
  });

  it('is found again by what performance_schema shows of it, whatever its name', () => {
    const part = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
    // Neither a quote nor a backslash is plain.
    const shown = (bytes: Buffer) =>
      /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/.test(bytes.toString('latin1'))
        ? bytes.toString('latin1')
        : hex(bytes.toString('latin1'));
    fc.assert(
      fc.property(part, part, fc.integer({ min: 0, max: 2 ** 31 - 1 }), (gtrid, bqual, format) => {
        const data = `0x${Buffer.concat([gtrid, bqual]).toString('hex').toUpperCase()}`;
        const listed = xidOf({ formatID: format, gtrid_length: gtrid.length, data });
        expect(xidKey({ format, gtrid: shown(gtrid), bqual: shown(bqual) })).toBe(listed.key);
      }),
    );
  });

  it('has at least the least age there is, unless its session shows a better one', () => {
    const xids = ['one', 'two'].map((name) => xidOf({ formatID: 1, gtrid_length: 3, data: hex(name) }));
    const owner = { owner: 'app', database: 'shop', ageMs: 9_000 };
    const owners = new Map([[xidKey({ format: 1, gtrid: 'two', bqual: null }), owner]]);
    expect(describeAll(xids, [9_000, 3_000], owners)).toEqual([
      { gid: "'one'", owner: '', database: '', ageMs: 3_000 },
      { gid: "'two'", ...owner },
    ]);
    expect(describeAll(null, [3_000], owners)).toEqual([{ gid: null, owner: '', database: '', ageMs: 3_000 }]);
  });
});

/** As MySQL 9.7 (with xa_detach_on_prepare off) and MariaDB 10.11 print it. */
const STATUS = `
LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION 375300283283816, not started
0 lock struct(s), heap size 1128, 0 row lock(s)
---TRANSACTION 1663, ACTIVE (PREPARED) 0 sec
2 lock struct(s), heap size 1128, 1 row lock(s), undo log entries 1
---TRANSACTION 1662, ACTIVE 0 sec
2 lock struct(s), heap size 1128, 1 row lock(s), undo log entries 1
MySQL thread id 11, OS thread handle 140230541854400, query id 58 127.0.0.1 app
---TRANSACTION 1661, ACTIVE (PREPARED) 0 sec
2 lock struct(s), heap size 1128, 1 row lock(s), undo log entries 1
MySQL thread id 10, OS thread handle 140230541854401, query id 59 127.0.0.1 app
---TRANSACTION 47, ACTIVE (PREPARED) 1 sec
2 lock struct(s), heap size 1128, 1 row lock(s), undo log entries 1
MariaDB thread id 6, OS thread handle 140365706323648, query id 50 127.0.0.1 app
--------
FILE I/O
--------
`;

it('sessions whose transaction InnoDB prints as prepared are found, and no other', () => {
  expect(preparedIn(STATUS)).toEqual(new Set([10, 6]));
});
