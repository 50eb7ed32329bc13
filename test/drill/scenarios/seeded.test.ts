import { describe, expect, it } from 'vitest';
import { drillConfig } from '../../../drill/config.ts';
import { loadSpec, type LoadInput } from '../../../drill/loads/load-spec.ts';
import { scenarioOn, type Scenario } from '../../../drill/scenario/scenario.ts';
import { SCENARIOS } from '../../../drill/scenarios/index.ts';
import { BYSTANDERS, OTHER_NAMES } from '../../../drill/scenarios/names.ts';
import { AS_WRITTEN, BOUNDS, seeded } from '../../../drill/scenarios/seeded.ts';
import { slotsOf } from '../../../drill/target/server-choice.ts';
import { ENGINE_NAMES } from '../../../functions/core/server/snapshot.ts';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 2);
const CASES = SCENARIOS.flatMap((scenario) =>
  ENGINE_NAMES.filter((engine) => scenario.engines.includes(engine)).map((engine) => ({ scenario, engine })),
);

function usableOf({ server }: Scenario): number {
  return server.maxConnections - server.superuserReserved - server.reserved;
}

/** Sessions of loads that have a number of them. */
function counted(loads: readonly LoadInput[]): number {
  return loads.reduce((sum, { sessions }) => sum + (sessions === 'until-refused' ? 0 : sessions), 0);
}

function isBystander({ user }: LoadInput): boolean {
  return user === 'colleague' || BYSTANDERS.services.some((service) => service === user);
}

/** Those that fill a server with more clients than it has slots. */
function overflow(loads: readonly LoadInput[]): LoadInput | undefined {
  return loads.find(({ behaviour }) => behaviour === 'storm' || behaviour === 'oversized-pools');
}

describe.each(CASES)('$scenario.name on $engine', ({ scenario, engine }) => {
  const written = scenarioOn(scenario, engine);
  const seeds = SEEDS.map((seed) => seeded(written, seed));

  it('is as it is written with the first seed, and the same each time with any other', () => {
    expect(seeded(written, AS_WRITTEN)).toBe(written);
    expect(SEEDS.map((seed) => seeded(written, seed))).toEqual(seeds);
    expect(new Set(seeds.map((each) => JSON.stringify(each))).size).toBe(SEEDS.length);
  });

  it('stays within its bounds, and expects the same', () => {
    const { from, to } = BOUNDS.slots;
    for (const each of seeds) {
      expect(usableOf(each)).toBeGreaterThanOrEqual(Math.floor(from * usableOf(written)));
      expect(usableOf(each)).toBeLessThanOrEqual(Math.ceil(to * usableOf(written)));
      expect(each.ripenMs - written.ripenMs).toBeGreaterThanOrEqual(BOUNDS.ripenMs.from);
      expect(each.ripenMs - written.ripenMs).toBeLessThanOrEqual(BOUNDS.ripenMs.to);
      expect(each.expect).toBe(written.expect);
      expect(counted(each.loads.filter(isBystander))).toBeLessThanOrEqual(0.1 * usableOf(each));
      expect(each.loads.filter((load) => !isBystander(load)).map(({ behaviour, label }) => [behaviour, label])).toEqual(
        written.loads.map(({ behaviour, label }) => [behaviour, label]),
      );
    }
  });

  it('fills its server with every seed, in the same way', () => {
    for (const each of seeds) {
      each.loads.forEach((load) => loadSpec.parse(load));
      const storm = overflow(each.loads);
      const others = each.loads.filter((load) => load !== storm);
      expect(counted(others)).toBeLessThan(0.8 * usableOf(each));
      if (storm !== undefined) expect(counted([storm])).toBeGreaterThan(1.1 * (usableOf(each) - counted(others)));
    }
  });

  it('is configured with the names and numbers of its loads', () => {
    for (const each of seeds) {
      const users = each.loads.map(({ user }) => user);
      for (const user of [...(each.limitableUsers ?? []), ...(each.policy.protect?.users ?? [])])
        expect(users).toContain(user);
      for (const { name, instances, size } of each.pools ?? []) {
        const load = each.loads.find(({ application }) => application === name);
        expect(load).toMatchObject({ instances, sessions: instances * size });
      }
      const server = engine === 'postgres' ? ({ engine, major: 18 } as const) : { engine };
      expect(drillConfig(each, server).targets[0]?.maxConnections).toBe(slotsOf(each, server).maxConnections);
    }
  });
});

it('no name stands for two', () => {
  const names = [
    ...Object.entries(OTHER_NAMES).flatMap(([name, others]) => [name, ...others]),
    ...Object.values(BYSTANDERS).flat(),
  ];
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
