import { afterEach, beforeEach, expect, test } from 'vitest';
import { adviseOn } from '../../../functions/core/cause/advice.ts';
import { CAUSES } from '../../../functions/core/cause/find-cause.ts';
import type { Facts } from '../../../functions/core/cause/facts.ts';
import { adviseOnPrepared } from '../../../functions/core/cause/prepared.ts';
import { composeStuckLimit } from '../../../functions/core/messages/stuck-limit.ts';
import { NO_HISTORY } from '../../../functions/core/plan/tier-plan.ts';
import type { CauseName } from '../../../functions/core/policy/cause-names.ts';
import { adviceOnLockTaken } from '../../../functions/core/server/readiness.ts';
import { diagnoseSnapshot } from '../../../functions/core/verdict/diagnosis.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aPolicy, aTarget } from '../../support/a-session.ts';
import { statementsIn } from '../../support/statements.ts';
import { openWorker, takeSnapshot, type Stage } from './stage.ts';

/** Statements that people are advised to run do run, as they are printed. */
export function describeAdvising(stage: () => Stage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  test('every statement in the advice on a cause runs as it is printed', async () => {
    const { engine, maxConnections } = stage();
    await stage().open();
    const administrator = await stage().open({ as: 'administrator' });
    const facts = await factsOfAll();
    const lines = (Object.keys(CAUSES) as CauseName[]).flatMap((cause) =>
      adviseOn(cause, facts, { engine, isRds: false, pools: [] }),
    );
    const statements = [...new Set(statementsIn(lines))];
    try {
      for (const statement of statements) await administrator.query(statement);
    } finally {
      for (const undo of UNDO[engine](maxConnections)) await administrator.query(undo);
    }
    expect(statements.length).toBeGreaterThanOrEqual(5);
    // What is said in words names no statement that cannot be copied.
    expect(lines.join('\n')).not.toMatch(/…|(?:CONNECTION LIMIT|MAX_USER_CONNECTIONS)(?! \d)/);
  });

  test('the statements that end what stands in the way run as they are printed', async () => {
    const { engine } = stage();
    const inTheWay = await stage().open({ as: 'administrator' });
    const administrator = await stage().open({ as: 'administrator' });
    await prepare();
    const { preparedTransactions } = await takeSnapshot(worker);
    const lines = [
      ...adviceOnLockTaken({ id: inTheWay.id }, engine),
      ...adviseOnPrepared(preparedTransactions, engine),
    ];
    for (const statement of statementsIn(lines)) await administrator.query(statement);
    await expect.poll(() => inTheWay.isOpen).toBe(false);
    await expect
      .poll(async () => (await takeSnapshot(worker)).preparedTransactions)
      // MySQL tells its name to those alone who have a right that RDS does not give the responder.
      .toHaveLength(preparedTransactions.filter(({ gid }) => gid === null).length);
    for (const left of preparedTransactions) if (left.gid === null) await administrator.query("XA ROLLBACK 'advice'");
  });

  test('the statement of a limit that could not be lifted lifts it', async () => {
    const { limitable, engine } = stage();
    const user = (await takeSnapshot(worker)).userLimits.users.find(({ user }) => user === limitable.name);
    await limitable.setLimit(3);
    const record = {
      targetId: 'orders',
      user: limitable.name,
      account: user?.account ?? '',
      incidentId: 'a',
      limit: 3,
    };
    const { body } = composeStuckLimit(
      { ...record, before: null, at: 0, setBy: 0, isSet: true, toldAt: null },
      'timed out',
      aTarget({ engine }),
      0,
    );
    const statements = statementsIn(body.split('\n'));
    for (const statement of statements) await stage().administer(statement);
    expect(statements).toHaveLength(1);
    expect(await limitable.readLimit()).toBeNull();
  });

  /** As if each cause were so, of the sessions that are there. */
  async function factsOfAll(): Promise<Facts> {
    const { engine } = stage();
    const snapshot = await takeSnapshot(worker);
    const { facts } = diagnoseSnapshot(snapshot, { policy: aPolicy(), mode: 'act' }, NO_HISTORY);
    const clients = facts.clients.filter(({ user }) => user === 'app');
    const ofDatabase = engine === 'postgres' ? [{ of: 'database' as const, name: 'second', limit: 40 }] : [];
    return {
      ...facts,
      clients: clients.map((session) => ({ ...session, blockedBy: [1] })),
      leaker: { name: 'app/web', sessions: clients },
      inTransaction: clients,
      longQueries: clients,
      jobs: clients,
      atLimit: [{ of: 'user', name: 'app', limit: 40 }, ...ofDatabase],
      behindUnknown: 1,
    };
  }

  async function prepare(): Promise<void> {
    const client = await stage().open();
    if (stage().engine === 'postgres') {
      await client.begin();
      await client.lockRow(5);
      await client.query("PREPARE TRANSACTION 'advice'");
    } else {
      await client.query("XA START 'advice'");
      await client.lockRow(5);
      await client.query("XA END 'advice'; XA PREPARE 'advice'");
    }
    await client.close();
  }
}

const UNDO: Readonly<Record<Stage['engine'], (maxConnections: number) => readonly string[]>> = {
  postgres: () => [
    'ALTER ROLE app RESET ALL',
    'ALTER ROLE app CONNECTION LIMIT -1',
    'ALTER DATABASE second CONNECTION LIMIT -1',
  ],
  mysql: (most) => ['ALTER USER app WITH MAX_USER_CONNECTIONS 0', `SET GLOBAL max_connections = ${most}`],
  mariadb: (most) => [
    'ALTER USER app WITH MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 0',
    "UPDATE performance_schema.setup_instruments SET ENABLED = 'NO' WHERE NAME = 'wait/lock/metadata/sql/mdl'",
    `SET GLOBAL max_connections = ${most}`,
  ],
};
