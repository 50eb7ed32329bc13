import { beforeEach, describe, expect, it } from 'vitest';
import type { RosterRow } from '../../../functions/core/fleet/roster.ts';
import type { AlarmSighting } from '../../../functions/core/record/incident.ts';
import { tick, type TickDependencies } from '../../../functions/tick/tick.ts';
import { aRow } from '../../support/a-roster-row.ts';

const AT = Date.UTC(2026, 0, 1, 12, 0);
const event = { 'detail-type': 'Scheduled Event', time: '2026-01-01T12:00:00Z' };

let rows: RosterRow[];
let active: AlarmSighting[] | Error;
let calls: { readonly name: string; readonly at: number; readonly request: Record<string, unknown> }[];
let refuse: (target: unknown) => boolean;
let isWaiting: boolean;
let now: number;
beforeEach(() => {
  rows = Array.from({ length: 900 }, (_, n) => aRow(`db-${n}`));
  [active, calls, refuse, isWaiting, now] = [[], [], () => false, false, AT];
});

const deps = (): TickDependencies => ({
  // The only part of the store that a tick may read.
  store: {
    targets: { roster: () => Promise.resolve(rows) } as unknown as TickDependencies['store']['targets'],
    gathered: { isWaiting: () => Promise.resolve(isWaiting) } as TickDependencies['store']['gathered'],
  },
  alarms: { activeUnder: () => (active instanceof Error ? Promise.reject(active) : Promise.resolve(active)) },
  functions: {
    call: (name, request) => {
      calls.push({ name, at: now, request });
      return refuse(request['target']) ? Promise.reject(new Error('Rate Exceeded.')) : Promise.resolve();
    },
  },
  prefix: 'headroom',
  now: () => now,
  sleep: (ms) => {
    now += ms;
    return Promise.resolve();
  },
});
const targetsOf = (name: string, kind?: string) =>
  calls.filter((call) => call.name === name && call.request['kind'] === kind).map(({ request }) => request['target']);

describe('a tick', () => {
  it('has every target sampled, spread over the minute', async () => {
    expect(await tick(event, deps())).toMatchObject({ targets: 900 });
    expect(targetsOf('sample', 'sample')).toEqual(rows.map(({ id }) => id));
    expect(now - AT).toBeLessThan(55_000);
  });

  it.each([
    [true, [{ schema: 1, kind: 'gathered' }]],
    [false, []],
  ])('has people told of notices that wait (%s)', async (waiting, requests) => {
    rows = rows.slice(0, 1);
    isWaiting = waiting;
    await tick(event, deps());
    expect(calls.filter(({ name }) => name === 'notify').map(({ request }) => request)).toEqual(requests);
  });

  it('takes a moment for a handful', async () => {
    rows = rows.slice(0, 5);
    await tick(event, deps());
    expect(now - AT).toBeLessThan(1_000);
  });

  it('has those looked after that an alarm is active of, with what is known of it, and those that owe something', async () => {
    rows[3] = aRow('db-3', { owesSince: AT - 1 });
    const sighting = { alarm: 'headroom-db-7-usage-high', at: AT, reason: 'full' };
    active = [sighting, { ...sighting, alarm: 'headroom-self-tick-errors' }];
    await tick(event, deps());
    const requests = calls.filter(({ name }) => name === 'reconcile').map(({ request }) => request);
    expect(requests).toContainEqual({ schema: 1, target: 'db-3', active: [] });
    expect(requests).toContainEqual({ schema: 1, target: 'db-7', active: [sighting] });
    // The rest are those whose minute of the hour it is.
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.length).toBeLessThan(40);
  });

  it('checks each target in a minute of its own', async () => {
    await tick(event, deps());
    expect(targetsOf('sample', 'check')).toEqual([]);
    now = AT;
    await tick({ time: '2026-01-01T07:00:00Z' }, deps());
    expect(targetsOf('sample', 'check').length).toBeGreaterThan(0);
    expect(targetsOf('sample', 'check').length).toBeLessThan(25);
  });

  it('samples everybody though the alarms cannot be read, lets each reconciler ask, and fails at its end', async () => {
    rows[3] = aRow('db-3', { owesSince: AT - 1 });
    active = new Error('Throttling');
    await expect(tick(event, deps())).rejects.toThrow('1 reconciling: alarms: Throttling');
    expect(targetsOf('sample', 'sample')).toHaveLength(900);
    expect(calls.find(({ name }) => name === 'reconcile')?.request).not.toHaveProperty('active');
  });

  it('goes on when a target cannot be asked for, and fails at its end', async () => {
    refuse = (target) => target === 'db-0' || target === 'db-1';
    await expect(tick(event, deps())).rejects.toThrow('2 samples: Rate Exceeded.');
    expect(targetsOf('sample', 'sample')).toHaveLength(900);
  });
});
