import { describe, expect, it } from 'vitest';
import { chooseDrills, type DrillRequest } from '../../drill/choice.ts';
import { scenarioOn } from '../../drill/scenario/scenario.ts';
import { SCENARIOS } from '../../drill/scenarios/index.ts';
import { lockedOut } from '../../drill/scenarios/locked-out.ts';
import { slotsOf } from '../../drill/target/server-choice.ts';

const request: DrillRequest = { all: false, engine: 'postgres', postgresVersion: '18', seed: '1' };

function namesOf(changes: Partial<DrillRequest>): string[] {
  return chooseDrills({ ...request, ...changes }).map(
    ({ scenario, server }) => `${scenario.name} ${Object.values(server).join(' ')}`,
  );
}

describe('what is rehearsed', () => {
  it('is the first scenario on PostgreSQL when nothing else is asked for', () => {
    expect(namesOf({})).toEqual(['connection-leak postgres 18']);
  });

  it('is one scenario on every engine with --engine all', () => {
    expect(namesOf({ scenario: 'lock-pileup', engine: 'all', postgresVersion: '15' })).toEqual([
      'lock-pileup postgres 15',
      'lock-pileup mysql',
      'lock-pileup mariadb',
    ]);
  });

  it('is every scenario on the engine asked for with --all', () => {
    expect(namesOf({ all: true, engine: 'mariadb' })).toEqual(
      SCENARIOS.filter(({ engines }) => engines.includes('mariadb')).map(({ name }) => `${name} mariadb`),
    );
  });

  it('is each drill with every seed from the first with --seeds', () => {
    const drills = chooseDrills({ ...request, scenario: 'lock-pileup', engine: 'all', seeds: '2' });
    expect(drills.map(({ server, seed }) => `${server.engine} ${seed}`)).toEqual([
      'postgres 1',
      'postgres 2',
      'mysql 1',
      'mysql 2',
      'mariadb 1',
      'mariadb 2',
    ]);
  });

  it.each(['0', '101', 'many', '1.5'])('is refused with %s seeds', (seeds) => {
    expect(() => chooseDrills({ ...request, seeds })).toThrow(`--seeds ${seeds}: use a number from 1 to 100`);
  });

  it('is refused with every problem at once', () => {
    const choosing = () => chooseDrills({ ...request, scenario: 'sharks', postgresVersion: '9', seed: 'often' });
    expect(choosing).toThrow(/--scenario sharks .*\n--postgres-version 9 .*\n--seed often/);
  });
});

describe('the slots of a scenario', () => {
  it('are as many for ordinary clients on every engine', () => {
    const servers = [{ engine: 'postgres', major: 18 }, { engine: 'mysql' }, { engine: 'mariadb' }] as const;
    expect(servers.map((server) => slotsOf(lockedOut, server).usable)).toEqual([36, 36, 36]);
    expect(slotsOf(lockedOut, { engine: 'postgres', major: 15 })).toMatchObject({ usable: 38, letsResponderIn: false });
  });
});

describe('a scenario on an engine', () => {
  it('is as it is written, but for what is written for that engine', () => {
    const scenario = { ...lockedOut, on: { mysql: { loads: [] } } };
    expect(scenarioOn(scenario, 'mysql')).toEqual({ ...scenario, loads: [] });
    expect(scenarioOn(scenario, 'mariadb')).toEqual(scenario);
  });
});
