import { describe, expect, it } from 'vitest';
import type { Load } from '../../../bench/pace/load.ts';
import { newTally } from '../../../bench/pace/pool.ts';
import { summarise } from '../../../bench/pace/report.ts';
import type { PaceRun, Reading } from '../../../bench/pace/run.ts';

const load: Load = {
  name: 'leak',
  summary: '',
  expected: 'relief',
  cause: 'connection-leak',
  users: { shop: 'healthy', leaky: 'culprit' },
  calm: () => Promise.resolve(),
  trouble: () => undefined,
};

/** A reading each second from the second the trouble begins: `#` refused, `+` over the trigger, `.` calm. */
function runOf(picture: string, tallies: PaceRun['tallies'] = {}, expected: Load['expected'] = 'relief'): PaceRun {
  const readings = [...picture].map((sign, second): Reading => ({
    at: second * 1000,
    usage: sign === '.' ? 60 : 99,
    admitted: sign !== '#',
  }));
  return {
    load: { ...load, expected },
    server: 'PostgreSQL 18',
    engine: 'postgres',
    folder: '',
    troubleAt: 0,
    readings,
    incidents: [
      {
        incident: {
          id: 'pace-1',
          openedAt: 0,
          outcome: 'relieved',
          cause: { name: 'connection-leak', confidence: 1, evidence: [] },
        },
        rounds: [],
        acts: [],
      },
    ],
    notices: [],
    tallies,
  };
}

describe('the clients’ side of a load', () => {
  it('has relief when clients get in with usage under the trigger for ten seconds', () => {
    const { fullSeconds, reliefSeconds, relapseSeconds, ok } = summarise(runOf('.++###+...#............'));
    expect({ fullSeconds, reliefSeconds, relapseSeconds, ok }).toEqual({
      fullSeconds: 3,
      reliefSeconds: 8,
      relapseSeconds: null,
      ok: true,
    });
  });

  it('has none where ten seconds are not over, or usage stays over the trigger', () => {
    expect(summarise(runOf('###........')).reliefSeconds).toBeNull();
    expect(summarise(runOf('###+++++++++++++++')).reliefSeconds).toBeNull();
  });

  it('has a relapse when clients are refused after it, or usage is over the trigger, for five seconds', () => {
    expect(summarise(runOf(`##${'.'.repeat(15)}######....`)).relapseSeconds).toBe(15);
    expect(summarise(runOf(`##${'.'.repeat(15)}${'+'.repeat(6)}`)).relapseSeconds).toBe(15);
    expect(summarise(runOf(`##${'.'.repeat(15)}##+....`)).relapseSeconds).toBeNull();
  });

  it('needs no relief where no client was ever refused, unless usage stays over the trigger', () => {
    expect(summarise(runOf(`..++++${'.'.repeat(15)}`))).toMatchObject({ fullSeconds: null, ok: true });
    expect(summarise(runOf('..++++++++++++++'))).toMatchObject({ fullSeconds: null, ok: false });
  });

  it('may have a relapse before a user is limited, and none that lasts', () => {
    const relapsing = `##${'.'.repeat(15)}######`;
    expect(summarise(runOf(`${relapsing}${'.'.repeat(15)}`, {}, 'limit'))).toMatchObject({
      relapseSeconds: 15,
      ok: true,
    });
    expect(summarise(runOf(relapsing, {}, 'limit'))).toMatchObject({ relapseSeconds: 15, ok: false });
  });

  it('tells by the load’s own labels whose sessions were ended, and is not as it must when one was healthy', () => {
    const tallies = {
      shop: { ...newTally(), label: 'healthy', lost: 1 },
      leaky: { ...newTally(), label: 'culprit', lost: 20, cancelled: 2, refused: 5 },
    } as const;
    const { endedHealthy, endedCulprits, refused, ok } = summarise(runOf('.##............', tallies));
    expect({ endedHealthy, endedCulprits, refused, ok }).toEqual({
      endedHealthy: 1,
      endedCulprits: 22,
      refused: 7,
      ok: false,
    });
  });
});
