import { afterEach, beforeEach, expect, test } from 'vitest';
import { protectionOf } from '../../../functions/core/policy/protection.ts';
import { reasonNotToAct } from '../../../functions/core/server/readiness.ts';
import type { DetailName } from '../../../functions/core/server/snapshot.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aPolicy } from '../../support/a-session.ts';
import type { MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

interface Denied {
  readonly right: string;
  /** What a look then lacks, where this server is asked for it at all. */
  readonly lacks: readonly DetailName[];
  readonly isAsked?: (stage: MysqlStage) => boolean;
}

const isWatching = ({ hasPerformanceSchema }: MysqlStage) => hasPerformanceSchema;
const isTimed = (stage: MysqlStage) => isWatching(stage) && stage.engine === 'mysql';

const DENIED: readonly Denied[] = [
  { right: 'SELECT ON performance_schema.threads', lacks: ['owners', 'applications'], isAsked: isWatching },
  {
    right: 'SELECT ON performance_schema.events_statements_current',
    lacks: ['statements', 'transactions'],
    isAsked: isTimed,
  },
  { right: 'SELECT ON performance_schema.events_transactions_current', lacks: ['transactions'], isAsked: isTimed },
  { right: 'SELECT ON performance_schema.metadata_locks', lacks: ['locks'], isAsked: isWatching },
  { right: 'SELECT ON performance_schema.session_connect_attrs', lacks: ['applications'], isAsked: isWatching },
  { right: 'SELECT (Super_priv) ON mysql.user', lacks: ['administrators'] },
  { right: 'SELECT (Repl_slave_priv) ON mysql.user', lacks: ['replicators'] },
  { right: 'SELECT (Reload_priv) ON mysql.user', lacks: ['owners'], isAsked: (stage) => !isTimed(stage) },
  { right: 'SELECT (max_user_connections) ON mysql.user', lacks: ['consumer-limits'] },
];

/** What the server refuses of a look, from a worker that has logged in with all its rights. */
export function describeMysqlMissing(stage: () => MysqlStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  /** It has logged in with all rights: what they are, it finds out then. */
  const without = async <T>(right: string, look: () => Promise<T>): Promise<T> => {
    await takeSample(worker);
    await stage().administer(`REVOKE ${right} FROM headroom_responder`);
    try {
      return await look();
    } finally {
      await stage().administer(`GRANT ${right} TO headroom_responder`);
    }
  };

  test.each(DENIED)('without $right a look goes on, and says what it lacks', async ({ right, lacks, isAsked }) => {
    if (isAsked?.(stage()) === false) return;
    const client = await stage().open();
    const { sample, snapshot } = await without(right, async () => ({
      sample: await takeSample(worker),
      snapshot: await takeSnapshot(worker),
    }));
    expect(sessionOf(snapshot, client)).toMatchObject({ user: 'app', state: 'idle', database: 'main' });
    expect(Math.abs(sample.used - snapshot.used)).toBeLessThanOrEqual(1);
    expect(snapshot.missing?.map(({ detail }) => detail)).toEqual(lacks);
    for (const { why } of snapshot.missing ?? []) expect(why).toMatch(/^SELECT command denied to user /);
    expect((await takeSnapshot(worker)).missing).toBeUndefined();
  });

  test('nobody is ended whose holdings could not be read, and nobody while administrators cannot be told', async () => {
    const client = await stage().open();
    const order = victimOf(sessionOf(await takeSnapshot(worker), client), { holdsNothing: true });
    const end = async () => (await endSessions(worker, [order]))[0];
    const unread = isWatching(stage()) ? 'performance_schema.metadata_locks' : 'mysql.user';
    await without(`SELECT ${isWatching(stage()) ? '' : '(Reload_priv) '}ON ${unread}`, async () => {
      expect(protectionOf(sessionOf(await takeSnapshot(worker), client), aPolicy())).toBe('holdings-unknown');
      expect(await end()).toMatchObject({
        result: 'refused',
        detail: expect.stringContaining('what it holds could not be read') as string,
      });
    });
    await without('SELECT (Super_priv) ON mysql.user', async () => {
      const snapshot = await takeSnapshot(worker);
      if (stage().isRds) {
        expect(protectionOf(sessionOf(snapshot, client), aPolicy())).toBe('may-be-protected');
        return;
      }
      expect(reasonNotToAct(snapshot)).toMatchObject({
        kind: 'may-not',
        why: expect.stringMatching(
          /^which users are administrators could not be read: SELECT command denied/,
        ) as string,
      });
      expect(await end()).toMatchObject({
        result: 'refused',
        detail: expect.stringContaining('which users are administrators could not be read') as string,
      });
    });
    await client.query('SELECT 1');
  });
}
