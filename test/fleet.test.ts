import { afterAll, beforeAll, expect, test } from 'vitest';
import { alarmNamesOf } from '../functions/core/fleet/alarm-names.ts';
import type { TargetSettings } from '../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../functions/core/protocol/alarm-event.ts';
import { dispatch } from '../functions/dispatch/dispatch.ts';
import { reconcile } from '../functions/reconcile/reconcile.ts';
import { answer } from '../functions/sample/answer.ts';
import { tick } from '../functions/tick/tick.ts';
import { consumersOf } from './support/a-profile.ts';
import { aSnapshot, aTarget } from './support/a-session.ts';
import { StepWorld } from './support/step-world.ts';

/** The real functions and a real table; test/functions/tick has the pace of 900. */
const FLEET = Array.from({ length: 60 }, (_, n): TargetSettings => {
  const id = `db-${n}`;
  return aTarget({ id, worker: `headroom-worker-${id}`, alarms: Object.values(alarmNamesOf('headroom', id)) });
});
const isHung = (n: number): boolean => n % 10 === 3;
const numberIn = (request: Readonly<Record<string, unknown>>) => Number(/\d+$/.exec(String(request['target']))?.[0]);

let world: StepWorld;
beforeAll(async () => {
  world = await StepWorld.create();
  for (const target of FLEET) await world.register(target);
});
afterAll(() => world.stop());

const users = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`user_${'x'.repeat(n)}`, [3, 1, 1] as const]));
const seen = { ...aSnapshot(100, []), used: 20, consumers: consumersOf(users) };
const well = {
  schema: 1,
  ok: true,
  admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 },
} as const;

test('every target is sampled in each minute, and those that hang delay nobody', async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const hung = new Set(FLEET.filter((_, n) => isHung(n)).map(({ worker }) => worker));
  const worker = {
    ...world.worker,
    sample: async ({ worker: name }: { worker: string }) => {
      if (hung.has(name)) await released;
      return { ...well, sample: seen };
    },
  };
  const { store, notifier, metrics, dispatcher, workflow, alarms, events, surroundings, now, prefix } = world;
  const outside = { notifier, metrics, dispatcher, workflow, alarms, events, surroundings, functions: world.functions };
  const deps = { ...outside, store, now, prefix, worker, sleep: world.sleep };
  const going: Promise<unknown>[] = [];
  const hanging: Promise<unknown>[] = [];
  const functions = {
    call: (name: string, request: Readonly<Record<string, unknown>>) => {
      if (name === 'follow') return Promise.resolve();
      const asked = name === 'sample' ? answer(request, deps) : reconcile(request, deps);
      (isHung(numberIn(request)) ? hanging : going).push(asked);
      return Promise.resolve();
    },
  };
  const startedAt = world.at;
  for (let minute = 0; minute < 2; minute++) {
    const { targets } = await tick({}, { ...deps, functions });
    expect(targets).toBe(FLEET.length);
    await Promise.all(going);
    world.at = startedAt + (minute + 1) * 60_000;
  }
  const sampled = async (target: TargetSettings) => (await store.samples.since(target.id, 0)).length;
  const healthy = FLEET.filter(({ worker: name }) => !hung.has(name));
  expect(new Set(await Promise.all(healthy.map(sampled)))).toEqual(new Set([2]));
  expect(await Promise.all(FLEET.filter((_, n) => isHung(n)).map(sampled))).toEqual([0, 0, 0, 0, 0, 0]);
  release();
  await Promise.all(hanging);
});

test('alarms of many targets at once open an incident each, by the one rule', async () => {
  const results = await Promise.all(
    FLEET.map((settings) => dispatch(makeAlarmEvent({ settings, at: world.at }), world)),
  );
  expect(results.map(({ result }) => result)).toEqual(FLEET.map(() => 'opened'));
  const open = await Promise.all(FLEET.map(({ id }) => world.store.incidents.openOf(id)));
  expect(open.map((incident) => incident?.target.id)).toEqual(FLEET.map(({ id }) => id));
  const owing = await world.store.targets.roster();
  expect(owing.filter(({ owesSince }) => owesSince !== world.at)).toEqual([]);
});
