import { describe, expect, it } from 'vitest';
import { adviseOnPrepared, describePrepared } from '../../../../functions/core/cause/prepared.ts';
import { MAX_LINES } from '../../../../functions/core/messages/text.ts';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { PREPARED_TRANSACTION, type Session } from '../../../../functions/core/server/session.ts';
import type { PreparedTransaction } from '../../../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { aPolicy, aSession, aSnapshot, many, waiter } from '../../../support/a-session.ts';

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
      "5 prepared transactions: 'order-5' of app in shop, 5 min old; 'order-4' of app in shop, 4 min old; and 3 more",
    ]);
  });

  it('as far as the server shows them', () => {
    expect(describePrepared([prepared({ gid: null, owner: '', database: '' })], 0)).toEqual([
      '1 prepared transaction: one whose name this server does not show, 3 min old',
    ]);
  });

  it('on the page, when sessions wait for one, and when one was left behind', () => {
    const look = (sessions: readonly Session[]) =>
      diagnoseSnapshot(
        aSnapshot(100, sessions, { preparedTransactions: [prepared()] }),
        { policy: aPolicy(), mode: 'act' },
        NO_HISTORY,
      ).cause.evidence.slice(0, MAX_LINES);
    const line = "1 prepared transaction: 'order-1' of app in shop, 3 min old";
    expect(look(many(100, 1, (id) => waiter(id, [PREPARED_TRANSACTION])))).toContain(line);
    expect(look(many(100, 1, (id) => aSession(id)))).toContain(line);
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
      'if the program that coordinates it has forgotten it, in the database shop (COMMIT PREPARED keeps its work): ' +
        "ROLLBACK PREPARED 'order-1'",
    ]);
    expect(adviseOnPrepared([prepared({ owner: '', database: '' })], 'mariadb')[0]).toContain("XA ROLLBACK 'order-1'");
    expect(adviseOnPrepared([prepared({ gid: null })], 'mysql')[0]).toContain('XA RECOVER');
    expect(adviseOnPrepared([], 'mysql')[0]).toContain('no session owns them');
  });
});
