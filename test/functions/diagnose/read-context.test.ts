import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROFILE_MS, QUARTER_MS, quarterOf } from '../../../functions/core/usual/profile.ts';
import { readContext } from '../../../functions/diagnose/read-context.ts';
import { aConsumer, aQuarter } from '../../support/a-profile.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

it('has the profile of two weeks', async () => {
  const target = aTarget({ id: 'usual' });
  const now = quarterOf(world.at);
  const quarters = [now - PROFILE_MS - QUARTER_MS, now - PROFILE_MS, now - QUARTER_MS].map((at) =>
    aQuarter(at, [aConsumer('web/')]),
  );
  for (const quarter of quarters) await world.store.profiles.put(target.id, quarter);
  expect((await readContext(target, world)).profile).toEqual(quarters.slice(1));
});

it('goes on without a profile that cannot be read', async () => {
  const profiles = { ...world.store.profiles, since: () => Promise.reject(new Error('DynamoDB is away')) };
  const context = await readContext(aTarget({ id: 'usual' }), { ...world, store: { ...world.store, profiles } });
  expect(context).toMatchObject({ profile: [], samples: [] });
});
