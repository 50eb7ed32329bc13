import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import type { TierName } from '../../../functions/core/policy/tier-names.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { aSession, aSnapshot, aTarget, inTransaction, many } from '../../support/a-session.ts';
import { leak } from '../../support/looks.ts';
import { StepWorld } from '../../support/step-world.ts';

const WORDS = 'permission denied for function pg_terminate_backend';

let world: StepWorld;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

describe('an act that is refused', () => {
  let id: string;
  beforeEach(async () => {
    world.ends.length = 0;
    world.refusal = WORDS;
    world.onEnd = () => 'refused';
    world.snapshots = [leak];
    id = await world.openIncident(aTarget({ id: `t${++count}` }));
  });

  const look = () => diagnose({ schema: 1, incidentId: id }, world);
  const actIn = (round: number, tier: TierName) => act({ schema: 1, incidentId: id, round, tier }, world);
  const incident = () => world.store.incidents.byId(id);

  it('as a whole is not repeated: a person is paged with the words, and it is tried again ten minutes later', async () => {
    expect(await look()).toMatchObject({ round: 1, next: 'kill-idle' });
    await actIn(1, 'kill-idle');
    expect(await look()).toMatchObject({ next: 'escalate' });
    expect((await incident())?.escalation?.reason).toBe(`kill-idle was refused as a whole: ${WORDS}`);
    expect((await incident())?.escalation?.advice).toContain(
      'find out what refuses it: `headroom doctor` tries every right that Headroom needs',
    );
    expect(await look()).toMatchObject({ next: 'stay' });
    expect(await actIn(3, 'kill-idle')).toMatchObject({ held: 'a fresh snapshot shows no session to end' });
    expect((await incident())?.spared).toHaveProperty('refused-before');
    world.at += 600_000;
    expect(await look()).toMatchObject({ next: 'kill-idle' });
    expect(world.ends).toHaveLength(1);
  });

  it('leaves the other tiers to go on', async () => {
    world.snapshots = [
      aSnapshot(100, [
        ...many(60, 1, (each) => aSession(each)),
        ...many(40, 61, (each) => inTransaction(each, { user: 'batch' })),
      ]),
    ];
    await look();
    await actIn(1, 'kill-idle');
    expect(await look()).toMatchObject({ next: 'escalate' });
    expect(await look()).toMatchObject({ next: 'end-idle-transactions' });
  });

  it('in part leaves those that were refused alone, and goes on with others', async () => {
    const first = new Set<number>();
    world.onEnd = (victim) => (first.add(victim).size <= 10 ? 'refused' : 'ended');
    await look();
    await actIn(1, 'kill-idle');
    const refused = [...first].slice(0, 10);
    const gone = new Set([...first].slice(10));
    const left = leak.sessions.filter(({ identity }) => !gone.has(identity.id));
    world.snapshots = [{ ...leak, sessions: left, used: leak.used - gone.size, canary: refusedAsFull }];
    expect(await look()).toMatchObject({ next: 'kill-idle' });
    world.onEnd = () => 'ended';
    await actIn(2, 'kill-idle');
    const second = world.ends.at(-1)?.victims.map(({ identity }) => identity.id) ?? [];
    expect(second.length).toBeGreaterThan(0);
    expect(second.filter((each) => refused.includes(each))).toEqual([]);
  });
});

const refusedAsFull = { result: 'refused', refusal: { kind: 'full', code: '53300', message: 'full' } } as const;
