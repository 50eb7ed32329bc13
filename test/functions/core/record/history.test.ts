import { describe, expect, it } from 'vitest';
import type { Act, VictimRecord } from '../../../../functions/core/record/act.ts';
import { historyOf, isWorsening, NO_PAST, settleAct } from '../../../../functions/core/record/history.ts';
import type { Round } from '../../../../functions/core/record/round.ts';
import { active, aSession, aSnapshot } from '../../../support/a-session.ts';

function victim(id: number, method: VictimRecord['method']): VictimRecord {
  const { identity, user, application, database, client } = aSession(id);
  return { identity, user, application, database, client, method, reason: 'test', result: null, detail: '' };
}

it('settles by a later snapshot what can be concluded from it, and goes on counting what cannot', () => {
  const act: Act = {
    incidentId: 'orders-incident',
    round: 1,
    tier: 'cancel-long',
    startedAt: 0,
    finishedAt: null,
    counted: 6,
    limit: null,
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

it('remembers whose queries were cancelled, but not those whose fate is unknown', () => {
  const victims = [1, 2, 3].map((id) => ({ ...victim(id, 'cancel'), result: id < 3 ? ('cancelled' as const) : null }));
  const act: Act = {
    incidentId: 'orders-incident',
    round: 1,
    tier: 'cancel-long',
    startedAt: 0,
    finishedAt: 1,
    counted: 3,
    limit: null,
    victims,
  };
  expect(historyOf({ ...NO_PAST, acts: [act], usedNow: null }).cancelled).toEqual(new Map([['app/web', 2]]));
});

it('counts the time under pressure anew after each time that relief was watched', () => {
  const roundsOf = (...verdicts: string[]) =>
    verdicts.map((next, index) => ({ round: index + 1, at: 10 * index, next, cause: null }) as unknown as Round);
  const pressingSince = (...verdicts: string[]) =>
    historyOf({ ...NO_PAST, rounds: roundsOf(...verdicts), usedNow: null }).pressingSince;
  expect(pressingSince()).toBeNull();
  expect(pressingSince('settle', 'kill-idle')).toBe(0);
  expect(pressingSince('kill-idle', 'watch', 'settle', 'settle')).toBe(20);
  expect(pressingSince('kill-idle', 'watch', 'watch')).toBeNull();
});

describe('what acts gave back', () => {
  const anAct = (round: number, ended: number, tier: Act['tier'] = 'kill-idle'): Act => ({
    incidentId: 'orders-incident',
    round,
    tier,
    startedAt: round,
    finishedAt: round,
    counted: ended,
    limit: null,
    victims: Array.from({ length: ended }, (_, id) => ({ ...victim(id, 'terminate'), result: 'ended' as const })),
  });
  const used = (...slots: readonly number[]): Round[] =>
    slots.map((taken, index) => ({
      incidentId: 'orders-incident',
      round: index + 1,
      at: index,
      usage: taken,
      used: taken,
      usable: 100,
      byState: {},
      canary: '',
      admission: '',
      cause: null,
      next: 'kill-idle',
      why: '',
      planned: {},
      spared: {},
      sparedSamples: {},
    }));
  it('is worse only when two acts in a row each left more slots taken, by more than comes and goes', () => {
    expect(isWorsening({ acts: [anAct(1, 5), anAct(2, 5)], rounds: used(80, 86), usedNow: 92 })).toBe(true);
    expect(isWorsening({ acts: [anAct(1, 5), anAct(2, 5)], rounds: used(80, 86), usedNow: 91 })).toBe(false);
    expect(isWorsening({ acts: [anAct(1, 5), anAct(2, 5)], rounds: used(80, 86), usedNow: 86 })).toBe(false);
    expect(isWorsening({ acts: [anAct(1, 5)], rounds: used(80), usedNow: 99 })).toBe(false);
  });
});
