import type { RowDataPacket } from 'mysql2';
import { describe, expect, test } from 'vitest';
import { askForCheck } from '../worker/check-report.ts';
import { OnMysql } from './on-mysql.ts';
import { endSessions, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

const COLLATION = 'utf8mb4_unicode_ci';
/** As an image for containers passes it; and every client's own character set is overruled. */
const SETTINGS = {
  'collation-server': COLLATION,
  'character-set-server': 'utf8mb4',
  'init-connect': 'SET NAMES latin1',
};

describe.each(['mysql', 'mariadb'] as const)('on %s with another collation', { timeout: 120_000 }, (flavour) => {
  const on = new OnMysql({ flavour, performanceSchema: true, settings: SETTINGS }, async (stage) => {
    if (flavour === 'mysql') return;
    // MariaDB's list of users is a view, whose literals have the collation that the server was installed with.
    const { password } = new URL(stage.server.adminUrl);
    const installer = await stage.connect({ user: 'root', password: decodeURIComponent(password), charset: COLLATION });
    const [[view]] = await installer.query<RowDataPacket[]>('SHOW CREATE VIEW mysql.user');
    await installer.query('USE mysql');
    await installer.query(String(view?.['Create View']).replace('CREATE ', 'CREATE OR REPLACE '));
    expect(
      await stage.ask("SELECT 1 FROM information_schema.VIEWS WHERE COLLATION_CONNECTION = 'utf8mb4_unicode_ci'"),
    ).toHaveLength(1);
  });

  test('it looks, checks, finds whom it may limit and ends sessions as on any other', async () => {
    const client = await on.stage.open();
    const named = await on.stage.connect({ user: on.stage.limitable.name, password: 'limitable' });
    await takeSample(on.worker);
    const snapshot = await takeSnapshot(on.worker);
    const answer = await askForCheck(on.worker);
    expect(answer.ok && answer.check.trials.map(({ result }) => result)).toEqual(Array(6).fill('worked'));
    expect(snapshot.userLimits).toMatchObject({
      missing: [],
      users: [{ user: on.stage.limitable.name, refusal: null }],
    });
    expect(snapshot.sessions.map(({ user }) => user)).toContain(on.stage.limitable.name);
    const endings = await endSessions(on.worker, [victimOf(sessionOf(snapshot, client), { holdsNothing: true })]);
    expect(endings.map(({ result }) => result)).toEqual(['ended']);
    await named.end();
  });
});
