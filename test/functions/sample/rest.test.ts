import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { figuresOf } from '../../../functions/core/sampler/figures.ts';
import { sample } from '../../../functions/sample/sample.ts';
import { selfCheck } from '../../../functions/sample/self-check.ts';
import { consumersOf } from '../../support/a-profile.ts';
import { aPolicy, aSnapshot, aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

const MINUTE = 60_000;

let world: StepWorld;
let count = 0;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `r${++count}`, pauses: true });
  world.at += 3_600_000;
  world.samples = [NOBODY];
  world.connections = [];
  for (const list of [world.sampleRequests, world.emitted, world.published]) list.length = 0;
});

const CANARY = { result: 'admitted', tookMs: 4 } as const;
const NOBODY = { ...aSnapshot(100, []), used: 1, canary: CANARY };
const SOMEBODY = { ...NOBODY, used: 3, consumers: consumersOf({ shop: [2, 0, 0] }) };

async function minute(samples = 1) {
  const outcome = await sample(target, samples, world);
  world.at += MINUTE;
  return outcome.samples.map(({ result }) => result).join();
}

it('is not woken while RDS counts no connection, however long, and its usage is published as none', async () => {
  expect(await minute()).toBe('seen');
  for (let passed = 0; passed < 60; passed++) expect(await minute()).toBe('resting');
  expect(world.sampleRequests).toHaveLength(1);
  expect(figuresOf(world.emitted.at(-1) as never, 'few').get('UsagePercent')).toBe(0);
  expect(world.published).toEqual([]);
});

it('is sampled again when somebody connects, with a warm session as long as somebody is', async () => {
  await minute();
  await minute();
  world.connections = [{ at: world.at - MINUTE, used: 1 }];
  world.samples = [SOMEBODY];
  expect([await minute(), await minute(), await minute()]).toEqual(['seen', 'seen', 'seen']);
  expect(world.sampleRequests.every(({ leaveWhenAlone }) => leaveWhenAlone === true)).toBe(true);
});

it('does not take its own connection for somebody’s: the minute of the sample says nothing', async () => {
  const sampledAt = world.at;
  await minute();
  world.connections = [{ at: Math.floor(sampledAt / MINUTE) * MINUTE, used: 2 }];
  expect(await minute()).toBe('resting');
});

it.each<[string, () => void]>([
  ['somebody was connected', () => (world.samples = [SOMEBODY])],
  ['the metric cannot be read', () => (world.connections = new Error('throttled'))],
  ['it does not pause', () => (target = { ...target, pauses: false })],
  ['nobody has found out whether it pauses', () => (target = aTarget({ id: target.id }))],
])('is sampled each minute when %s', async (_, arrange) => {
  arrange();
  expect([await minute(), await minute(), await minute()]).toEqual(['seen', 'seen', 'seen']);
});

it('is sampled while an incident is open, over a session that stays', async () => {
  await minute();
  await world.openIncident(target);
  expect(await minute()).toBe('seen');
  expect(world.sampleRequests.map(({ leaveWhenAlone }) => leaveWhenAlone)).toEqual([true, undefined]);
});

it('is looked at once a minute while it rests, however often it is sampled else', async () => {
  target = { ...target, policy: aPolicy({ sampling: { everySeconds: 10, metrics: 'few' } }) };
  await minute();
  expect(await minute(6)).toBe('resting');
});

it('is not woken by the daily check', async () => {
  await minute();
  await minute();
  expect(await selfCheck(target, world)).toMatchObject({
    skipped: 'the server rests, and a check would wake it',
  });
});
