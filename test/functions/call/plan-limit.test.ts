import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPersonsLimit } from '../../../functions/call/plan-limit.ts';
import type { Policy } from '../../../functions/core/policy/policy.ts';
import type { Session } from '../../../functions/core/server/session.ts';
import type { Snapshot } from '../../../functions/core/server/snapshot.ts';
import type { Before } from '../../../functions/core/usual/find-usual.ts';
import { aPolicy, aSession, aSnapshot, many } from '../../support/a-session.ts';

const NOTHING: Before = { profile: [], samples: [] };
const OWN = many(20, 1, (id) => aSession(id, { user: 'mail', application: id <= 15 ? 'mailer' : 'digest' }));

interface Changed {
  readonly sessions?: readonly Session[];
  readonly limit?: number | null;
  readonly refusal?: string | null;
  readonly countsEarlier?: boolean;
  readonly userLimits?: Snapshot['userLimits'];
  readonly policy?: Partial<Policy>;
  readonly onRecord?: Parameters<typeof planPersonsLimit>[3]['limitsOnRecord'];
  readonly before?: Before;
}

function planned(connections: number, changed: Changed = {}, user = 'mail') {
  const { sessions = OWN, limit = null, refusal = null, countsEarlier = true } = changed;
  const users = [{ user, account: `"${user}"`, limit, countsEarlier, refusal }];
  const snapshot = aSnapshot(100, sessions, { userLimits: changed.userLimits ?? { missing: [], users } });
  return planPersonsLimit(
    snapshot,
    aPolicy(changed.policy),
    { user, limit: connections },
    { before: changed.before ?? NOTHING, limitsOnRecord: changed.onRecord ?? [] },
  );
}

/** Everybody of one consumer, calm. */
const sample = (at: number, sessions: number): Before['samples'][number] => ({
  at,
  used: sessions,
  usage: sessions,
  isFull: false,
  isUnusual: false,
  inIncident: false,
  consumers: {
    largest: [{ name: 'mail/mailer', user: 'mail', idle: sessions, open: 0, busy: 0, arrived: 0 }],
    rest: { consumers: 0, sessions: 0 },
  },
});

describe('a limit that a person asks for', () => {
  it('says what was before, whom it concerns, and whether open connections count', () => {
    expect(planned(10, { limit: 50, countsEarlier: false })).toMatchObject({
      user: 'mail',
      account: '"mail"',
      limit: 10,
      before: 50,
      sessions: 20,
      concerns: [
        { consumer: 'mail/mailer', sessions: 15 },
        { consumer: 'mail/digest', sessions: 5 },
      ],
      countsEarlier: false,
    });
  });

  it('may be on a user that all share, or that has nobody connected: a person decides that', () => {
    expect(planned(5)).toMatchObject({ limit: 5 });
    expect(planned(5, { sessions: [] })).toMatchObject({ limit: 5, sessions: 0, concerns: [] });
  });

  const protect = (changed: Partial<Policy['protect']>) => ({
    policy: { protect: { ...aPolicy().protect, ...changed } },
  });
  const one = (changed: Partial<Session>) => ({ sessions: [...OWN, aSession(99, { user: 'mail', ...changed })] });
  it.each<[string, number, Changed, string]>([
    ['a protected user', 10, protect({ users: ['ma*'] }), 'protected'],
    ['a user of a protected application', 10, protect({ applications: ['digest'] }), 'protected'],
    ['a superuser', 10, one({ superuser: true }), 'protected'],
    ['an administrator', 10, one({ administrator: true }), 'protected'],
    ['who may be an administrator', 10, one({ administrator: null }), 'protected'],
    ['a login of Headroom', 10, one({ own: true }), 'protected'],
    ['who replicates', 10, one({ kind: 'replication' }), 'protected'],
    [
      'whom no administrator has allowed',
      10,
      { userLimits: { missing: [], users: [] } },
      'no administrator has allowed',
    ],
    ['a server without the routine', 10, { userLimits: { missing: ['create it'], users: [] } }, 'not set up'],
    ['whom the server would not change', 10, { refusal: 'it is a superuser' }, 'it is a superuser'],
    ['one that is limited so already', 10, { limit: 10 }, 'already limited to 10'],
    ['less than the policy leaves everybody', 4, {}, 'leaves every limited user 5 (consumerCap.leastSessions)'],
    ['a limit over an earlier one', 10, { onRecord: [{ user: 'mail', limit: 30 }] }, 'not settled yet'],
    [
      'a second one of a person',
      10,
      { onRecord: [{ user: 'mail', limit: 30, until: 0 }] },
      'a person has limited it to 30',
    ],
  ])('refuses %s', (_, connections, changed, words) => {
    const found = planned(connections, changed);
    expect('fix' in found && found.why).toContain(words);
  });

  it('leaves the user what is usual of it at the least, and says the number', () => {
    const before = { profile: [], samples: many(30, 0, (n) => sample(n * 60_000 - 1_800_000, 12)) };
    const found = planned(8, { before });
    expect(found).toMatchObject({
      why: expect.stringMatching(/8 is too low, up to 14 are usual of it/) as string,
      fix: ['ask for 14 or more'],
    });
    expect(planned(14, { before })).toMatchObject({ limit: 14, usual: 14, basis: 'samples' });
  });

  it('is never lower than asked for, nor under the least, nor a raise, whatever the server shows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.option(fc.integer({ min: 1, max: 200 })),
        fc.integer({ min: 0, max: 60 }),
        fc.string({ minLength: 1 }),
        (connections, limit, size, user) => {
          const sessions = many(size, 1, (id) => aSession(id, { user }));
          const found = planned(connections, { limit, sessions }, user);
          if ('fix' in found) return;
          expect(found.user).toBe(user);
          expect(found.limit).toBe(connections);
          expect(found.limit).toBeGreaterThanOrEqual(5);
          if (limit !== null) expect(found.limit).toBeLessThan(limit);
        },
      ),
      { numRuns: 200 },
    );
  });
});
