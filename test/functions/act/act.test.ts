import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import type { Session } from '../../../functions/core/server/session.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, inTransaction, many } from '../../support/a-session.ts';
import { leak } from '../../support/looks.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

const calm = aSnapshot(
  100,
  many(50, 1, (id) => aSession(id)),
);

/** Opens an incident on a target of its own, so that tests do not share budgets. */
async function open(changed: Partial<TargetSettings> = {}) {
  const target = aTarget({ id: `t${++count}`, ...changed });
  const id = await world.openIncident(target);
  return { id, target };
}

const request = (incidentId: string, round = 1, tier = 'kill-idle') => ({ schema: 1, incidentId, round, tier });

describe('an act', () => {
  beforeEach(() => {
    world.ends.length = 0;
    world.onEnd = () => 'ended';
    world.snapshots = [leak];
    world.samples = [calm];
  });

  it('ends what a fresh look of its own says, and records what became of each', async () => {
    const { id } = await open();
    world.onEnd = (victim) => (victim === 1 ? 'gone' : victim === 2 ? 'changed' : victim === 3 ? 'refused' : 'ended');
    const result = await act(request(id), world);
    expect(result).toEqual({
      tier: 'kill-idle',
      round: 1,
      held: null,
      counts: { gone: 1, changed: 1, refused: 1, ended: 27 },
    });
    const [recorded] = await world.store.acts.of(id);
    expect(recorded).toMatchObject({ finishedAt: world.at, counted: 27 });
    expect(recorded?.victims).toHaveLength(30);
    expect(await world.store.incidents.byId(id)).toMatchObject({ endedCount: 27, firstActionAt: world.at });
  });

  it('leaves the master user of RDS alone where only RDS names it, and ends nobody before it is known', async () => {
    const unclear = { ...leak, sessions: leak.sessions.map((session) => ({ ...session, administrator: null })) };
    const isMaster = ({ identity }: Session) => identity.id <= 5;
    world.snapshots = [
      { ...unclear, sessions: unclear.sessions.map((one) => (isMaster(one) ? { ...one, user: 'dba' } : one)) },
    ];
    const { id } = await open({ isRds: true });
    expect(await act(request(id), world)).toMatchObject({ held: 'a fresh snapshot shows no session to end' });
    world.masterUser = 'dba';
    await diagnose({ schema: 1, incidentId: id }, { ...world, now: () => world.at });
    world.masterUser = null;
    await act(request(id, 1), world);
    const users = (await world.store.acts.of(id)).flatMap(({ victims }) => victims).map(({ user }) => user);
    expect(users).toHaveLength(30);
    expect(users).not.toContain('dba');
  });

  it('has its victims on record, counting against the caps, before anything ends', async () => {
    const { id, target } = await open();
    let seen: number | undefined;
    const watching = {
      ...world,
      worker: {
        ...world.worker,
        end: async (server: Parameters<typeof world.worker.end>[0], order: Parameters<typeof world.worker.end>[1]) => {
          seen = (await world.store.acts.tallies(target.id, 0))[0]?.counted;
          return world.worker.end(server, order);
        },
      },
    };
    await act(request(id), watching);
    expect(seen).toBe(30);
  });

  it('does what its tier was chosen for, also when by its own look another tier would have gone first', async () => {
    const { id } = await open();
    // A failed transaction does as little harm as an idle session: the order of the tiers decides.
    const mixed = (idle: number) =>
      aSnapshot(100, [
        ...many(idle, 1, (each) => aSession(each)),
        ...many(100 - idle, 101, (each) => inTransaction(each, { state: 'idle-in-transaction-aborted' })),
      ]);
    world.snapshots = [mixed(5)];
    const { round, next } = await diagnose({ schema: 1, incidentId: id }, world);
    expect(next).toBe('end-idle-transactions');
    world.snapshots = [mixed(70)];
    expect(await act(request(id, round, next), world)).toMatchObject({ counts: { ended: 30 } });
  });

  it('is never repeated for a round', async () => {
    const { id } = await open();
    await act(request(id), world);
    await expect(act(request(id), world)).rejects.toMatchObject({ name: 'ActRepeated' });
    expect(world.ends).toHaveLength(1);
  });

  it('does nothing when the look finds nobody, the target is paused or the tier observes', async () => {
    const { id, target } = await open();
    world.snapshots = [
      aSnapshot(
        100,
        many(100, 1, (each) => active(each)),
      ),
    ];
    expect((await act(request(id), world)).held).toBe('a fresh snapshot shows no session to end');
    world.snapshots = [leak];
    await world.store.pauses.put({
      targetId: target.id,
      tier: null,
      by: 'ann',
      why: 'maintenance',
      at: world.at,
      until: null,
    });
    expect((await act(request(id), world)).held).toBe('paused by ann: maintenance');
    const observing = await open({ policy: aPolicy({ tiers: { 'kill-idle': 'observe' } }) });
    expect((await act(request(observing.id), world)).held).toBe('kill-idle is in observe mode');
    expect(world.ends).toEqual([]);
  });

  it('does nothing when usage has come under the trigger by itself, but finishes what it has begun', async () => {
    const between = aSnapshot(
      100,
      many(80, 31, (each) => aSession(each)),
    );
    const { id } = await open();
    world.snapshots = [between];
    expect((await act(request(id), world)).held).toContain('come down to 80%');
    expect(world.ends).toEqual([]);
    world.snapshots = [leak, between];
    await act(request(id), world);
    expect((await act(request(id, 2), world)).counts).toEqual({ ended: 10 });
  });

  it('does nothing on a server it may not see all of, was not tested on, or where somebody else acts', async () => {
    const { id } = await open();
    world.snapshots = [{ ...leak, visibility: { ...leak.visibility, seesSessions: false } }];
    expect((await act(request(id), world)).held).toContain('may not see');
    world.snapshots = [{ ...leak, server: { ...leak.server, tested: false } }];
    expect((await act(request(id), world)).held).toContain('newer');
    world.snapshots = [{ ...leak, othersActing: true }];
    expect((await act(request(id), world)).held).toContain('another executor');
    expect(world.ends).toEqual([]);
  });

  it('stops at once when the incident no longer holds its target', async () => {
    const { id } = await open();
    await world.store.incidents.close(id, { outcome: 'failed', at: world.at, failure: null, notice: null });
    await expect(act(request(id), world)).rejects.toMatchObject({ name: 'FenceLost' });
    expect(world.ends).toEqual([]);
  });

  it('refuses a payload of another version', async () => {
    await expect(act({ ...request('x'), schema: 2 }, world)).rejects.toMatchObject({ name: 'SchemaMismatch' });
  });

  it('gives the worker a deadline counted from the look', async () => {
    const { id } = await open();
    await act(request(id), world);
    expect(world.ends[0]?.deadline).toBe(world.at + 30_000 + 10_000);
  });

  it('spends the incident cap over rounds', async () => {
    const { id } = await open();
    world.snapshots = [
      aSnapshot(
        100,
        many(180, 1, (each) => aSession(each)),
      ),
    ];
    await act(request(id, 1), world);
    world.snapshots = [
      aSnapshot(
        100,
        many(150, 31, (each) => aSession(each)),
      ),
    ];
    const second = await act(request(id, 2), world);
    world.snapshots = [
      aSnapshot(
        100,
        many(130, 61, (each) => aSession(each)),
      ),
    ];
    const third = await act(request(id, 3), world);
    expect([second.counts, third.held]).toEqual([{ ended: 20 }, 'a fresh snapshot shows no session to end']);
  });
});

describe('an act whose worker dies', () => {
  it('counts in full until the next diagnosis settles it, and is never repeated', async () => {
    const { id, target } = await open();
    world.snapshots = [leak];
    const dying = {
      ...world,
      worker: {
        ...world.worker,
        end: () => Promise.reject(Object.assign(new Error('worker crashed'), { name: 'WorkerFault' })),
      },
    };
    await expect(act(request(id), dying)).rejects.toMatchObject({ name: 'WorkerFault' });
    expect((await world.store.acts.tallies(target.id, 0))[0]).toMatchObject({ counted: 30, finishedAt: null });

    const victims = (await world.store.acts.of(id))[0]?.victims.map((victim) => victim.identity.id) ?? [];
    const survivors = new Set(victims.slice(0, 20));
    const survived = aSnapshot(
      100,
      leak.sessions.filter(({ identity }) => survivors.has(identity.id) || !victims.includes(identity.id)),
    );
    // While somebody holds the server's lock, that may be the worker that was thought dead.
    world.snapshots = [{ ...survived, othersActing: true }];
    await diagnose({ schema: 1, incidentId: id }, world);
    expect((await world.store.acts.of(id))[0]).toMatchObject({ counted: 30, finishedAt: null });

    world.snapshots = [{ ...survived, othersActing: false }];
    await diagnose({ schema: 1, incidentId: id }, world);
    const [settled] = await world.store.acts.of(id);
    expect(settled).toMatchObject({ counted: 10, finishedAt: world.at });
    expect((await world.store.acts.tallies(target.id, 0))[0]).toMatchObject({ counted: 10 });
    expect(await world.store.incidents.byId(id)).toMatchObject({ endedCount: 10 });
  });
});
