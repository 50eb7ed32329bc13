import { afterEach, beforeEach, expect, it } from 'vitest';
import { incidentOf, setStage, TARGET, type Stage } from './stage.ts';

/** As in limits.test.ts, but the incident may go on after a page. */
const STAYING = {
  ages: { idleSeconds: 60, cancelGraceSeconds: 4 },
  tiers: { 'cap-consumer': 'act' },
  loop: {
    settleSeconds: 1,
    reliefSpacingSeconds: 0.2,
    patienceSeconds: 5,
    maxMinutes: 1,
    stayMinutes: 5,
    holdSeconds: 3,
    watchSeconds: 1,
  },
} as const;

let stage: Stage;
beforeEach(async () => {
  stage = await setStage({ policy: STAYING });
});
afterEach(() => stage.stop());

it('a storm that a limit still holds back is a choice for a person, and the limit goes when the storm has gone', async () => {
  const calmDown = stage.storm(26);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const incidentId = incidentOf(await stage.alarm());
  const incident = () => stage.runtime.store.incidents.byId(incidentId);

  await stage.until('a person is paged', async () => (await incident())?.escalation?.state === 'limit-needed');
  expect(await stage.limit()).toBeGreaterThan(0);
  expect(await incident()).toMatchObject({ status: 'open' });
  await stage.until('the page is out', () => stage.told().some((subject) => /needs a person/.test(subject)));

  calmDown();
  const ended = await stage.ended(incidentId);
  const course = (await stage.runtime.store.rounds.of(incidentId)).map(({ next, why }) => `${next}: ${why}`);
  expect(ended, course.join('\n')).toMatchObject({ outcome: 'relieved' });
  expect(stage.told().at(-1)).toMatch(/relieved after the page/);
  expect(await stage.limit()).toBe(-1);
  expect(await stage.runtime.store.limits.of(TARGET)).toEqual([]);
});
