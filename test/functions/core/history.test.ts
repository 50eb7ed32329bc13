import { expect, it } from 'vitest';
import { settleAct } from '../../../functions/core/history.ts';
import type { Act, VictimRecord } from '../../../functions/core/incident.ts';
import { active, aSession, aSnapshot } from '../../support/a-session.ts';

function victim(id: number, method: VictimRecord['method']): VictimRecord {
  const { identity, user, application, database } = aSession(id);
  return { identity, user, application, database, method, reason: 'test', result: null, detail: '' };
}

it('settles by a later snapshot what can be concluded from it, and goes on counting what cannot', () => {
  const act: Act = {
    incidentId: 'orders-incident',
    round: 1,
    tier: 'cancel-long',
    startedAt: 0,
    finishedAt: null,
    counted: 6,
    victims: [
      victim(1, 'terminate'),
      victim(2, 'terminate'),
      victim(3, 'cancel'),
      victim(4, 'cancel'),
      victim(5, 'cancel'),
      victim(6, 'cancel'),
    ],
  };
  const later = aSnapshot(
    100,
    [active(1), active(3, { queryMs: 600_000 }), active(4, { queryMs: 1_000 }), aSession(5)],
    { at: 5_000 },
  );
  const settled = settleAct(act, later, 5_000);
  expect(settled.victims.map(({ result }) => result)).toEqual(['not-tried', 'ended', 'not-tried', null, null, 'ended']);
  expect(settled).toMatchObject({ counted: 4, finishedAt: 5_000 });
});
