import { describe, expect, it } from 'vitest';
import { poolSizeFor } from '../../../../functions/core/cause/advice-sizes.ts';
import { adviseOn, type Advised } from '../../../../functions/core/cause/advice.ts';
import { CAUSES } from '../../../../functions/core/cause/find-cause.ts';
import { MAX_LINES } from '../../../../functions/core/messages/text.ts';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import type { CauseName } from '../../../../functions/core/policy/cause-names.ts';
import { UNKNOWN_BLOCKER, type Session } from '../../../../functions/core/server/session.ts';
import type { Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { NO_USUAL } from '../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { active, aPolicy, aSession, aSnapshot, inTransaction, many, waiter } from '../../../support/a-session.ts';
import { aUsual } from '../../../support/a-usual.ts';

const POSTGRES: Advised = { engine: 'postgres', isRds: true, pools: [] };

function factsOf(sessions: readonly Session[], usable = 100) {
  return diagnoseSnapshot(aSnapshot(usable, sessions), { policy: aPolicy(), mode: 'act' }, NO_HISTORY).facts;
}

const leak = factsOf(
  many(100, 1, (id) =>
    aSession(id, {
      user: 'orders',
      application: `export-${id}`,
      statement: { verb: 'SELECT', text: 'SELECT * FROM orders WHERE id = ?', isOptedOut: false },
    }),
  ),
);

describe('advice', () => {
  it('exists for every cause on every engine, in bounded lines without control characters', () => {
    const hostile = factsOf(
      many(100, 1, (id) => inTransaction(id, { user: 'x"; DROP\n\u202e', application: 'y\u0007' })),
    );
    for (const cause of Object.keys(CAUSES) as CauseName[]) {
      for (const engine of ['postgres', 'mysql', 'mariadb'] as const) {
        for (const facts of [leak, hostile, factsOf([])]) {
          const lines = adviseOn(cause, facts, { ...POSTGRES, engine });
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
          for (const line of lines) expect(line.length).toBeLessThan(400);
        }
      }
    }
  });

  it('names the service to restart, the statement it ran last and its own timeout', () => {
    const lines = adviseOn('connection-leak', leak, POSTGRES);
    expect(lines[0]).toBe(
      'restart the service behind orders/export-#: it had 100 of 100 usable slots and did not use them',
    );
    expect(lines[1]).toContain('100 of them last ran: SELECT * FROM orders WHERE id = ?');
    expect(lines.join()).toContain(`ALTER ROLE "orders" SET idle_session_timeout`);
  });

  it('quotes names that people will copy', () => {
    const facts = factsOf(many(100, 1, (id) => inTransaction(id, { user: `o'ha"ra` })));
    expect(adviseOn('idle-in-transaction', facts, POSTGRES).join()).toContain(`ALTER ROLE "o'ha""ra" SET`);
    const onMariadb = { ...POSTGRES, engine: 'mariadb' as const };
    const job = (user: string) => factsOf(many(9, 1, (id) => active(id, { user, application: 'flyway' })));
    expect(adviseOn('job-holding-on', job('o`h'), onMariadb).join()).toContain('ALTER USER `o``h`@`%` WITH');
    // In a string, a backslash would escape the quote after it, and the rest would be a statement.
    const hostile = adviseOn('job-holding-on', job("\\'; DROP DATABASE a; -- "), onMariadb).join();
    expect(hostile).toContain("ALTER USER `\\'; DROP DATABASE a; -- `@`%` WITH");
  });

  it('computes pool sizes from cores and from what the server can take, whichever is less', () => {
    expect(poolSizeFor(8)).toBe(22);
    const pools = [
      { name: 'web', instances: 20, size: 25, cores: 8 },
      { name: 'jobs', instances: 2, size: 50, cores: null },
    ];
    const lines = adviseOn('pool-oversubscription', factsOf([], 300), { ...POSTGRES, pools });
    expect(lines[0]).toContain('20 × 25 (web) + 2 × 50 (jobs) = 600 connections; of 300 usable slots, 225 leave room');
    expect(lines[1]).toContain('set the pool of web to 9 per process; (2 × 8 cores + 1) × 1.3 = 22');
    expect(lines[2]).toBe('set the pool of jobs to 18 per process');
    expect(9 * 20 + 18 * 2).toBeLessThanOrEqual(225);
  });

  it('never advises pools that fit to grow', () => {
    const pools = [{ name: 'web', instances: 4, size: 25, cores: 8 }];
    const lines = adviseOn('pool-oversubscription', factsOf([], 300), { ...POSTGRES, pools });
    expect(lines[0]).toContain('the pools as configured fit: they can take 4 × 25 (web) = 100 connections');
    expect(lines.join()).not.toContain('set the pool');
  });

  it('says whether the limit can be raised without a restart', () => {
    const raise = (engine: Advised['engine'], isRds: boolean) =>
      adviseOn('limit-too-low', factsOf(many(100, 1, (id) => active(id))), { ...POSTGRES, engine, isRds }).join();
    expect(raise('postgres', false)).toContain(
      'max_connections from 103 to 150: PostgreSQL applies it only at a restart',
    );
    expect(raise('postgres', true)).toContain('to 150 in the parameter group: PostgreSQL applies it only at a restart');
    expect(raise('mysql', true)).toContain('it applies at once');
    expect(raise('mariadb', false)).toContain('SET GLOBAL max_connections = 150');
  });

  it('says whether a higher limit fits into memory, as far as anybody knows', () => {
    const facts = factsOf(many(100, 1, (id) => active(id)));
    const raise = (freeMemoryBytes: number | null, engine: Advised['engine'] = 'mysql') =>
      adviseOn('limit-too-low', { ...facts, freeMemoryBytes }, { ...POSTGRES, engine }).join();
    expect(raise(null)).toContain(
      '47 more may take 591 MB (by RDS’s own rule for this engine): check that as much is free',
    );
    expect(raise(700e6)).toContain(
      '591 MB (by RDS’s own rule for this engine), and recently at least 700 MB were free: it fits',
    );
    expect(raise(500e6)).toContain('but recently as little as 500 MB were free: choose a larger class first');
    expect(raise(600e6, 'postgres')).toContain(
      '448 MB (by RDS’s own rule for this engine), and recently at least 600 MB',
    );
    expect(raise(600e6, 'mariadb')).toContain(
      '1,183 MB (by RDS’s own rule for this engine), but recently as little as',
    );
  });

  it('names the blocker with what it ran last, and bounds waiting for the user that waits', () => {
    const statement = { verb: 'UPDATE', text: 'UPDATE stock SET n = ?', isOptedOut: false } as const;
    const sessions = [
      inTransaction(1, { user: 'pay', application: 'payments', statement }),
      inTransaction(2, { user: 'pay', application: 'refunds' }),
      ...many(9, 3, (id) => waiter(id, [1], { user: 'shop' })),
      ...many(3, 20, (id) => waiter(id, [2], { user: 'shop' })),
      ...many(30, 30, (id) => active(id, { user: 'web' })),
    ];
    const lines = adviseOn('lock-contention', factsOf(sessions), POSTGRES);
    expect(lines[0]).toBe(
      'look first at session 1 of pay/payments, which blocks 9 sessions; its last statement: UPDATE stock SET n = ?; ' +
        'then at 1 other root blocker',
    );
    expect(lines[1]).toContain(`ALTER ROLE "shop" SET lock_timeout = '10s'`);
    expect(adviseOn('lock-contention', factsOf([]), POSTGRES)[0]).toContain('`headroom plan` shows');
  });

  it('names a head that is no client session, and what in the queue holds up the others', () => {
    const vacuum = aSession(7, { kind: 'system', user: null, application: 'autovacuum worker', state: 'active' });
    const statement = { verb: 'ALTER', text: 'ALTER TABLE stock ADD n int', isOptedOut: false } as const;
    const queue = (head: Session) => [
      head,
      waiter(8, [7], { user: 'deploy', application: 'psql', statement }),
      ...many(80, 9, (id) => waiter(id, [8], { user: 'shop' })),
    ];
    const [first, second] = adviseOn('lock-contention', factsOf(queue(vacuum)), POSTGRES);
    expect(first).toContain(
      'look first at session 7, autovacuum worker (no client session), which blocks 81 sessions, ' +
        '80 of them behind session 8 of deploy/psql (ALTER)',
    );
    expect(second).toBe(
      'or cancel session 8 of deploy/psql and run it again later: 80 sessions only wait because it waits',
    );
    const dump = active(7, { user: 'backup', application: 'pg_dump' });
    expect(adviseOn('job-holding-on', factsOf(queue(dump)), POSTGRES)[1]).toBe(second);
  });

  it('says how to see blockers where that is what is missing, and only there', () => {
    const sessions = many(90, 1, (id) => waiter(id, [UNKNOWN_BLOCKER]));
    const advise = (visibility: Partial<Snapshot['visibility']>) => {
      const snapshot = aSnapshot(100, sessions);
      const seen = { ...snapshot, visibility: { ...snapshot.visibility, ...visibility } };
      const { facts } = diagnoseSnapshot(seen, { policy: aPolicy(), mode: 'act' }, NO_HISTORY);
      return adviseOn('lock-contention', facts, { ...POSTGRES, engine: 'mysql' }).join('\n');
    };
    expect(advise({})).not.toContain('performance_schema');
    expect(advise({ toShowBlockers: 'turn performance_schema on' })).toContain(
      'shows blockers, turn performance_schema',
    );
  });

  it('points at what has worked for longer than a queue without a visible head, and waits for nothing', () => {
    const statement = { verb: 'SELECT', text: 'SELECT SLEEP(?)', isOptedOut: false };
    const waiting = many(30, 1, (id) => waiter(id, [UNKNOWN_BLOCKER], { lockWaitMs: 20_000, queryMs: 20_000 }));
    const admin = active(101, { user: 'admin', application: '', queryMs: 21_000, statement });
    const young = many(5, 201, (id) => active(id, { queryMs: 4_000 }));
    const resting = many(60, 301, (id) => aSession(id, { queryMs: 900_000 }));
    const lines = adviseOn('lock-contention', factsOf([...waiting, admin, ...young, ...resting]), POSTGRES);
    expect(lines.filter((line) => line.startsWith('look at'))).toEqual([
      'look at session 101 of admin/@10.0.0.1, which waits for nothing and has been at it for 21 s, ' +
        'longer than the queue is old; its last statement: SELECT SLEEP(?)',
    ]);
    const shown = [inTransaction(101, { transactionMs: 60_000 }), ...many(30, 1, (id) => waiter(id, [101]))];
    expect(adviseOn('lock-contention', factsOf(shown), POSTGRES).join('\n')).not.toContain('look at');
  });

  it('raises the limit by what clients need beside the reserves, and says by how much', () => {
    const snapshot = aSnapshot(
      52,
      many(52, 1, (id) => active(id)),
      { limits: { maxConnections: 60, reserves: [], usable: 52 } },
    );
    const { facts } = diagnoseSnapshot(snapshot, { policy: aPolicy(), mode: 'act' }, NO_HISTORY);
    expect(adviseOn('limit-too-low', facts, { ...POSTGRES, isRds: false }).join('\n')).toContain(
      'raise max_connections from 60 to 90: PostgreSQL applies it only at a restart; 30 more may take 286 MB',
    );
  });

  it('limits a storm to a number that leaves the others theirs', () => {
    const sessions = [
      ...many(80, 1, (id) => aSession(id, { user: 'storm' })),
      ...many(20, 100, (id) => aSession(id, { user: 'shop' })),
    ];
    expect(adviseOn('connection-storm', factsOf(sessions), POSTGRES).join('\n')).toContain(
      'ALTER ROLE "storm" CONNECTION LIMIT 55',
    );
    expect(adviseOn('connection-storm', factsOf([]), POSTGRES).join()).not.toContain('ALTER');
    const hostile = factsOf(many(9, 1, (id) => aSession(id, { user: 'a\nb' })));
    expect(adviseOn('connection-storm', hostile, POSTGRES).join()).not.toContain('ALTER');
  });

  it('limits who is over its usual number, not a larger pool, nor those that still log in', () => {
    const usually = (all: number) => aUsual(all, all, { idle: 0 });
    const usual = {
      ...NO_USUAL,
      basis: 'samples' as const,
      consumers: { 'shop/api': usually(50), 'web/web': usually(2) },
    };
    const sessions = [
      ...many(50, 1, (id) => active(id, { user: 'shop', application: 'api' })),
      ...many(17, 101, (id) => active(id, { user: 'web', application: 'web', connectedMs: 500 })),
      ...many(33, 201, (id) => aSession(id, { user: null, application: '', state: 'starting', connectedMs: 500 })),
    ];
    const settings = { policy: aPolicy(), mode: 'act' as const };
    const { facts } = diagnoseSnapshot(aSnapshot(100, sessions), settings, { ...NO_HISTORY, usual });
    const text = adviseOn('connection-storm', facts, POSTGRES).join('\n');
    expect(text).toContain('make web/web wait longer');
    expect(text).toContain('limit it: ALTER ROLE "web" CONNECTION LIMIT ');
  });

  it('leaves who holds a mutex to a person, and says that the next one holds it then', () => {
    const wait = { type: 'Lock', event: 'advisory' };
    const sessions = [
      inTransaction(1, { application: 'deploy', statement: null, holds: ['advisory-lock'] }),
      ...many(9, 2, (id) => waiter(id, [1], { wait })),
    ];
    expect(adviseOn('lock-contention', factsOf(sessions), POSTGRES)[0]).toBe(
      'look first at session 1 of app/deploy, which holds an advisory lock for which 9 sessions queue; ' +
        'only a person may end it, and then the next one in the queue holds the lock',
    );
  });

  it('on pools says what to do about idle ones, which pooler fits and what a higher limit takes', () => {
    const text = adviseOn('pool-oversubscription', leak, POSTGRES).join('\n');
    expect(text).toContain('minimumIdle');
    expect(text).toContain('RDS Proxy, or PgBouncer in transaction mode; it suits clients that keep nothing');
    expect(text).toContain('max_connections from 103 to 150');
  });

  it('is short enough for a message to carry all of it', () => {
    for (const cause of Object.keys(CAUSES) as CauseName[])
      expect(adviseOn(cause, leak, POSTGRES).length).toBeLessThanOrEqual(MAX_LINES);
  });
});
