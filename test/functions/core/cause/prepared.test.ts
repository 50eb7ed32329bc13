import { describe, expect, it } from 'vitest';
import { adviseOnPrepared, describePrepared } from '../../../../functions/core/cause/prepared.ts';
import type { PreparedTransaction } from '../../../../functions/core/server/snapshot.ts';

const prepared = (changed: Partial<PreparedTransaction> = {}): PreparedTransaction => ({
  gid: "'order-1'",
  owner: 'app',
  database: 'shop',
  ageMs: 180_000,
  ...changed,
});

describe('prepared transactions are told', () => {
  it('with name, owner, database and age, the oldest first, and how many more there are', () => {
    const some = [1, 2, 3, 4, 5].map((minutes) => prepared({ gid: `'order-${minutes}'`, ageMs: 60_000 * minutes }));
    expect(describePrepared(some, 0)).toEqual([
      "prepared transaction 'order-5' of app in shop, 5 min old",
      "prepared transaction 'order-4' of app in shop, 4 min old",
      "prepared transaction 'order-3' of app in shop, 3 min old",
      'and 2 more prepared transactions',
    ]);
  });

  it('as far as the server shows them', () => {
    expect(describePrepared([prepared({ gid: null, owner: '', database: '' })], 0)).toEqual([
      'a prepared transaction, 3 min old; this server does not show its name, nor whose it is',
    ]);
  });

  it('while they are young only when somebody waits for one', () => {
    const young = [prepared({ ageMs: 900 })];
    expect(describePrepared(young, 0)).toEqual([]);
    expect(describePrepared(young, 1)).toHaveLength(1);
  });

  it('on one line each, whatever their names are', () => {
    expect(describePrepared([prepared({ gid: "'a\nb\u202e'", owner: 'x\ny' })], 0).join('')).not.toMatch(/[\n\u202e]/);
  });

  it('with the statement that ends one, for a person', () => {
    expect(adviseOnPrepared([prepared()], 'postgres')).toEqual([
      "if the program that coordinates it has forgotten it, in the database shop: ROLLBACK PREPARED 'order-1' " +
        '(or COMMIT PREPARED)',
    ]);
    expect(adviseOnPrepared([prepared({ owner: '', database: '' })], 'mariadb')[0]).toContain("XA ROLLBACK 'order-1'");
    expect(adviseOnPrepared([prepared({ gid: null })], 'mysql')[0]).toContain('XA RECOVER');
    expect(adviseOnPrepared([], 'mysql')[0]).toContain('no session owns them');
  });
});
