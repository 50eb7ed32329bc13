import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { incidentOf, setStage, TARGET, type Stage } from './stage.ts';

/** Sessions of a storm are never old enough to be ended as idle ones; a limit on their user comes first. */
const LIMITING = {
  ages: { idleSeconds: 60, cancelGraceSeconds: 4 },
  tiers: { 'cap-consumer': 'act' },
  // Long enough for something to break while the limit stands.
  loop: {
    settleSeconds: 1,
    reliefSpacingSeconds: 0.2,
    patienceSeconds: 5,
    maxMinutes: 1,
    stayMinutes: 0,
    holdSeconds: 6,
    watchSeconds: 1,
  },
} as const;

let stage: Stage;
let incidentId: string;
beforeEach(async () => {
  stage = await setStage({ policy: LIMITING });
  stage.storm(26);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  incidentId = incidentOf(await stage.alarm());
});
afterEach(() => stage.stop());

const limitStands = () => stage.until('the limit stands', async () => (await stage.limit().catch(() => -1)) > 0);
const onRecord = () => stage.runtime.store.limits.of(TARGET);

describe('a limit that stands when something breaks', () => {
  it('is lifted at once when the workflow is stopped', async () => {
    await limitStands();
    expect(await onRecord()).toMatchObject([{ user: 'app', before: null }]);
    stage.runtime.stopExecution(incidentId, 'somebody pressed Stop');
    expect(await stage.ended(incidentId)).toMatchObject({ outcome: 'failed' });
    expect(await stage.limit()).toBe(-1);
    expect(await onRecord()).toEqual([]);
  });

  it('is found by the next look when the act dies over it, helps all the same, and is lifted at the end', async () => {
    await limitStands();
    await stage.runtime.functions.get('headroom-act').kill();
    const incident = await stage.ended(incidentId);
    const course = (await stage.runtime.store.rounds.of(incidentId)).map(({ next, why }) => `${next}: ${why}`);
    expect(incident, course.join('\n')).toMatchObject({ outcome: 'relieved' });
    expect(await stage.limit()).toBe(-1);
    expect(await stage.runtime.store.limits.settledOf(incidentId)).toMatchObject([{ user: 'app', end: 'lifted' }]);
  });

  it('outlives a crash of the server, and is lifted when it is back', async () => {
    await limitStands();
    await stage.server.restart('immediate');
    expect(await stage.limit()).toBeGreaterThan(0);
    await stage.ended(incidentId);
    await stage.until('the reconciler has lifted it', async () => {
      await stage.runtime.reconcile(TARGET);
      return (await onRecord()).length === 0;
    });
    expect(await stage.limit()).toBe(-1);
  });
});
