import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeMessage } from '../../../functions/core/messages/incident.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Snapshot } from '../../../functions/core/server/snapshot.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { describeRound } from '../../../local/terminal/narrator.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, many, waiter } from '../../support/a-session.ts';
import { calm, leak, lockedOut } from '../../support/looks.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

const refused: Snapshot['canary'] = { result: 'refused', refusal: { kind: 'full', code: '53300', message: 'full' } };
const open = (changed: Partial<TargetSettings> = {}): Promise<string> =>
  world.openIncident(aTarget({ id: `t${++count}`, ...changed }));

const look = (incidentId: string) => diagnose({ schema: SCHEMA, incidentId }, world);

describe('a diagnosis', () => {
  beforeEach(() => {
    world.samples = [calm];
    world.snapshots = [leak];
  });

  it('hands on ids, counts and a verdict only, under 32 KB with 5,000 sessions', async () => {
    world.snapshots = [
      aSnapshot(
        5_000,
        many(5_000, 1, (id) => aSession(id, { application: 'x'.repeat(63) })),
      ),
    ];
    const result = await look(await open());
    expect(result).toEqual({
      schema: 1,
      incidentId: expect.any(String) as string,
      round: 1,
      next: 'kill-idle',
      outcome: 'escalated',
      settleSeconds: 5,
      watchSeconds: 30,
      staySeconds: 0,
      waitSeconds: 901,
      error: null,
    });
    expect(JSON.stringify(result).length).toBeLessThan(1_000);
  });

  it('reads what changed on RDS and how much memory was free, and goes on without them when they fail', async () => {
    world.snapshots = [
      aSnapshot(
        100,
        many(100, 1, (id) => active(id)),
      ),
    ];
    world.changes = ['5 min ago: parameter group orders: Updated parameter max_connections'];
    world.freeMemoryBytes = 3e9;
    const onRds = await open({ isRds: true });
    await look(onRds);
    const told = await world.store.incidents.byId(onRds);
    expect(told?.cause?.evidence.join()).toContain('changed recently: 5 min ago: parameter group orders');
    expect(told?.advice.join()).toContain('recently at least 3,000 MB were free');

    const fail = () => Promise.reject(new Error('throttled'));
    const surroundings = { masterUser: fail, changes: fail, connections: fail, freeMemory: fail };
    const withoutAny = await open({ isRds: true });
    await diagnose({ schema: SCHEMA, incidentId: withoutAny }, { ...world, now: () => world.at, surroundings });
    const untold = await world.store.incidents.byId(withoutAny);
    expect(untold?.cause?.name).toBe(told?.cause?.name);
    expect(untold?.advice.join()).toContain('check that as much is free');

    const elsewhere = await open();
    await look(elsewhere);
    expect((await world.store.incidents.byId(elsewhere))?.cause?.evidence.join()).not.toContain('changed recently');
  });

  it('records usage, cause, plan and the reasons sessions were spared, and ends nothing', async () => {
    const id = await open();
    await look(id);
    const [round] = await world.store.rounds.of(id);
    expect(round).toMatchObject({
      round: 1,
      usage: 100,
      used: 100,
      usable: 100,
      canary: 'refused as full',
      cause: { name: 'connection-leak' },
      next: 'kill-idle',
      planned: { 'kill-idle': 30 },
      spared: { enough: 68, 'pool-minimum': 2 },
    });
    expect(round?.sparedSamples['enough']).toHaveLength(3);
    expect(await world.store.incidents.byId(id)).toMatchObject({
      rounds: 1,
      usageBefore: 100,
      usagePeak: 100,
      refused: 1,
      serverVersion: '18.4',
    });
    expect(world.ends).toEqual([]);
  });

  it('records how it got in and how long that took, and that the server is another than at the last look', async () => {
    const id = await open();
    await look(id);
    world.snapshots = [{ ...leak, server: { ...leak.server, identity: 'after a failover', readOnly: true } }];
    await look(id);
    await look(id);
    expect((await world.store.rounds.of(id)).map(({ admission }) => admission)).toEqual([
      'at the first try, in 3 ms, and may use reserved slots',
      'at the first try, in 3 ms, and may use reserved slots; the server has restarted or failed over since the last snapshot; the server is read-only: a reader or standby',
      'at the first try, in 3 ms, and may use reserved slots; the server is read-only: a reader or standby',
    ]);
    expect(await world.store.incidents.byId(id)).toMatchObject({
      admission: { way: 'first-try', attempts: 1, waitedMs: 3 },
    });
  });

  it('records what the worker had to leave out, and names it to people', async () => {
    const id = await open();
    world.snapshots = [{ ...leak, leftOut: { statements: 12_000, applications: 1 } }, leak];
    await look(id);
    await look(id);
    const words =
      'the texts of 12000 statements and of 1 application name were cut or left out: ' +
      'with them, the list of sessions would be longer than Lambda passes on';
    const rounds = await world.store.rounds.of(id);
    expect(rounds.map(({ leftOut }) => leftOut)).toEqual([words, undefined]);
    expect(rounds.flatMap(describeRound).map(({ text }) => text)).toContain(words);
    const incident = await world.store.incidents.byId(id);
    if (incident === null) throw new Error('the incident is gone');
    const details = { rounds, acts: [], approvals: [], settledLimits: [], now: world.at };
    expect(composeMessage(incident, 'escalated', details).body).toContain(words.slice(0, 60));
  });

  it('settles an act whose results never came, and plans at once with the budgets that this leaves', async () => {
    const id = await open();
    const targetId = `t${count}`;
    const victims = many(100, 1, (session) => {
      const { identity, user, application, database, client } = aSession(session);
      const unknown = { method: 'terminate', reason: 'idle', result: null, detail: '' } as const;
      return { identity, user, application, database, client, ...unknown };
    });
    const act = { incidentId: id, round: 1, tier: 'kill-idle', startedAt: world.at, finishedAt: null } as const;
    await world.store.acts.start(targetId, { ...act, counted: 100, victims, limit: null });
    expect(await look(id)).toMatchObject({ next: 'kill-idle' });
    expect(await world.store.acts.of(id)).toMatchObject([{ counted: 0, finishedAt: world.at }]);
    expect(await world.store.acts.tallies(targetId, 0)).toMatchObject([{ counted: 0 }]);
  });

  it('confirms relief by three good samples, 2 s apart', async () => {
    const id = await open();
    world.snapshots = [calm];
    const before = world.at;
    expect(await look(id)).toMatchObject({ next: 'close', outcome: 'not-needed' });
    expect(world.at - before).toBe(4_000);
  });

  it.each<[string, Snapshot]>([
    ['usage rises again', leak],
    ['the canary is refused', { ...calm, canary: refused }],
  ])('does not call it relief when %s in one of the samples', async (_, bad) => {
    const id = await open();
    world.snapshots = [calm];
    world.samples = [calm, bad];
    expect(await look(id)).toMatchObject({ next: 'settle' });
  });

  it('watches relief, names a rebound and looks for relief again', async () => {
    const id = await open();
    const acted = { incidentId: id, round: 1, tier: 'kill-idle' as const, startedAt: 1, finishedAt: 2, counted: 1 };
    const { target } = (await world.store.incidents.byId(id)) ?? { target: aTarget() };
    await world.store.acts.start(target.id, { ...acted, victims: [], limit: null });
    world.snapshots = [calm];
    expect(await look(id)).toMatchObject({ next: 'watch' });
    expect(await world.store.incidents.byId(id)).toMatchObject({ reliefAt: world.at, rebounds: 0 });
    world.at += 60_000;
    expect(await look(id)).toMatchObject({ next: 'watch' });

    world.snapshots = [leak];
    expect(await look(id)).toMatchObject({ next: 'kill-idle' });
    expect(await world.store.incidents.byId(id)).toMatchObject({ reliefAt: null, rebounds: 1 });
    expect((await world.store.rounds.of(id)).at(-1)?.why).toContain('rebound 1');

    world.snapshots = [calm];
    expect(await look(id)).toMatchObject({ next: 'watch' });
    world.at += 300_000;
    expect(await look(id)).toMatchObject({ next: 'close', outcome: 'relieved' });
  });

  it('hands a cause that came back three times within the hour to a person, naming it', async () => {
    const target = { id: 'flapping' };
    for (let earlier = 1; earlier <= 3; earlier++) {
      const past = aTarget(target);
      const alarm = { alarm: 'past', at: world.at, reason: '' };
      await world.store.incidents.open({
        id: `past-${earlier}`,
        target: past,
        alarm,
        at: world.at,
        leaseUntil: world.at + 1,
      });
      await world.store.incidents.change(`past-${earlier}`, {
        firstActionAt: world.at,
        cause: { name: 'connection-leak', confidence: 1, evidence: [], ranking: [] },
      });
      await world.store.incidents.close(`past-${earlier}`, {
        outcome: 'relieved',
        at: world.at,
        failure: null,
        notice: null,
      });
    }
    const id = await world.openIncident(aTarget(target));
    expect(await look(id)).toMatchObject({ next: 'escalate' });
    expect((await world.store.incidents.byId(id))?.escalation?.reason).toContain('3 incidents with this cause');
  });

  it('is a person, when relief could not be confirmed in as many rounds as the policy allows', async () => {
    const id = await open({ policy: aPolicy({ loop: { ...aPolicy().loop, maxRounds: 2 } }) });
    world.snapshots = [calm];
    world.samples = [{ ...calm, canary: refused }];
    const nexts = [];
    for (let round = 1; round <= 3; round++) nexts.push((await look(id)).next);
    expect(nexts).toEqual(['settle', 'settle', 'escalate']);
    const incident = await world.store.incidents.byId(id);
    expect(incident?.escalation?.reason).toContain('relief not confirmed: usage 50%, canary refused as full');
    expect(incident?.pendingNotices).toContain('escalated');
  });

  it('escalates at once when every slot is taken, with the page pending and what is not known left unknown', async () => {
    const id = await open();
    world.snapshots = [lockedOut];
    expect(await look(id)).toMatchObject({ next: 'escalate', outcome: 'escalated' });
    const incident = await world.store.incidents.byId(id);
    expect(incident).toMatchObject({ usageBefore: null, usagePeak: null, refused: 40 });
    expect(incident?.escalation?.reason).toContain('locked out');
    expect(incident?.pendingNotices).toContain('escalated');
  });

  it('looks three times before it pages for load that nobody may be ended for', async () => {
    const id = await open();
    world.snapshots = [
      aSnapshot(
        100,
        many(100, 1, (each) => active(each)),
      ),
    ];
    const nexts = [];
    for (let round = 1; round <= 3; round++) nexts.push((await look(id)).next);
    expect(nexts).toEqual(['settle', 'settle', 'escalate']);
  });

  it('pages with what could not be read when that keeps it from ending anybody', async () => {
    const why = 'permission denied for view pg_locks';
    const idle = many(100, 1, (each) => aSession(each, { doubts: ['holdings'] }));
    world.snapshots = [aSnapshot(100, idle, { missing: [{ detail: 'locks', why }] })];
    const id = await open();
    const nexts = [];
    for (let round = 1; round <= 3; round++) nexts.push((await look(id)).next);
    expect(nexts).toEqual(['settle', 'settle', 'escalate']);
    const { escalation, spared } = (await world.store.incidents.byId(id)) ?? {};
    expect(escalation?.reason).toContain('what sessions hold could not be read, so none of them was ended');
    expect(spared).toEqual({ 'holdings-unknown': 100 });
    expect((await world.store.rounds.of(id)).at(-1)?.unread).toEqual([
      `the locks that sessions hold could not be read: ${why}`,
    ]);
  });

  it('keeps the cause it found under pressure when it looks again at a calm server', async () => {
    const id = await open();
    await look(id);
    world.snapshots = [calm];
    await look(id);
    expect((await world.store.incidents.byId(id))?.cause?.name).toBe('connection-leak');
  });

  it('names the locks that it broke once all is well, not what the waiters look like afterwards', async () => {
    const id = await open({ policy: aPolicy({ tiers: { 'kill-idle': 'observe' } }) });
    const queue = [
      active(1, { application: 'payments', transactionMs: 600_000, queryMs: 60_000 }),
      ...many(84, 2, (each) => waiter(each, [1])),
      ...many(15, 90, (each) => aSession(each, { stateMs: 2_000 })),
    ];
    world.snapshots = [aSnapshot(100, queue)];
    expect(await look(id)).toMatchObject({ next: 'break-locks' });
    const first = await world.store.incidents.byId(id);
    const { target, cause } = first ?? { target: aTarget(), cause: null };
    expect(cause?.name).toBe('lock-contention');
    // It was only just likely.
    const unsure = { ...(cause ?? { name: 'unclear', evidence: [], ranking: [] }), confidence: 0.51 };
    await world.store.incidents.change(id, { cause: unsure });
    const acted = { incidentId: id, round: 1, tier: 'break-locks' as const, startedAt: 1, finishedAt: 2, counted: 1 };
    await world.store.acts.start(target.id, { ...acted, victims: [], limit: null });

    // The clients are done waiting, and their pools keep the sessions: full, of idle ones.
    const idle = many(100, 2, (each) => aSession(each, { application: `web-${each % 9}`, stateMs: 700_000 }));
    world.snapshots = [aSnapshot(100, idle)];
    await look(id);
    expect((await world.store.incidents.byId(id))?.cause?.name).toBe('connection-leak');
    world.snapshots = [calm];
    expect(await look(id)).toMatchObject({ next: 'watch' });
    const relieved = await world.store.incidents.byId(id);
    expect(relieved?.cause?.name).toBe('lock-contention');
    expect(relieved?.advice.join()).toContain('app/payments');
  });

  it('takes what a limit of its own leaves to see for the cause only when it is surer of it', async () => {
    const id = await open({ policy: aPolicy({ tiers: { 'kill-idle': 'observe' } }) });
    const { target } = (await world.store.incidents.byId(id)) ?? { target: aTarget() };
    const found = async (): Promise<string | undefined> => {
      await look(id);
      return (await world.store.incidents.byId(id))?.cause?.name;
    };
    const before = { name: 'connection-storm' as const, evidence: [], ranking: [] };
    const limit = { user: 'checkout', account: '"checkout"', limit: 5, before: null, incidentId: id, isSet: true };
    await world.store.limits.record({ ...limit, targetId: target.id, at: world.at, setBy: world.at, toldAt: null });

    await world.store.incidents.change(id, { cause: { ...before, confidence: 0.99 } });
    expect(await found()).toBe('connection-storm');
    await world.store.incidents.change(id, { cause: { ...before, confidence: 0.3 } });
    expect(await found()).toBe('connection-leak');
  });

  it('stops when the incident is closed or unknown, and refuses other versions', async () => {
    const id = await open();
    await world.store.incidents.close(id, { outcome: 'failed', at: world.at, failure: null, notice: null });
    await expect(look(id)).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(look('nobody-knows')).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(diagnose({ schema: 0, incidentId: id }, world)).rejects.toMatchObject({ name: 'SchemaMismatch' });
    await expect(diagnose({ incidentId: 7 }, world)).rejects.toMatchObject({ name: 'BadRequest' });
  });
});
