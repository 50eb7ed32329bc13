import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { CauseName } from '../../../../functions/core/policy/cause-names.ts';
import { scopeInWords, type Pause } from '../../../../functions/core/policy/pause.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import type { Incident } from '../../../../functions/core/record/incident.ts';
import { aPause } from '../../../support/a-pause.ts';
import { startLocalTable, type LocalTable } from './local-table.ts';
import { aCandidate, anAct, aVictim, HOUR, MINUTE, T0 } from './samples.ts';

let local: LocalTable;
let store: IncidentStore;
let now = T0;

beforeAll(async () => {
  local = await startLocalTable();
  store = createIncidentStore({ client: local.client, table: local.table, now: () => now });
});
afterAll(() => local.stop());

const RELIEVED = { outcome: 'relieved', at: T0 + MINUTE, failure: null, notice: 'resolved' } as const;

async function opened(targetId: string, id: string, at = T0): Promise<Incident> {
  const opening = await store.incidents.open(aCandidate(targetId, id, at));
  expect(opening.kind).toBe('opened');
  return opening.incident;
}

async function itemsOf(pk: string) {
  const query = {
    TableName: local.table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
  };
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateQuery({ client: local.client }, query)) items.push(...(page.Items ?? []));
  return items;
}

describe('opening', () => {
  it('opens one incident when twenty different alarms arrive at once, and joins the rest to it', async () => {
    const openings = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.incidents.open(aCandidate('race', `race-${i}`, T0 + i))),
    );
    const winners = openings.filter(({ kind }) => kind === 'opened');
    expect(winners).toHaveLength(1);
    expect(openings.filter(({ kind }) => kind === 'joined')).toHaveLength(19);
    const incident = await store.incidents.openOf('race');
    expect(incident).toMatchObject({ id: winners[0]?.incident.id, joinedCount: 19, fence: 1 });
    expect(incident?.joined).toHaveLength(19);
  });

  it('opens one incident when the same event arrives five times', async () => {
    const openings = await Promise.all(
      Array.from({ length: 5 }, () => store.incidents.open(aCandidate('same', 'same-1'))),
    );
    expect(openings.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'opened'));
    expect(openings.at(-1)?.incident).toMatchObject({ id: 'same-1', joinedCount: 0, fence: 1 });
  });

  it('notes a late alarm once however often it is delivered, and only counts beyond the first twenty', async () => {
    await opened('many', 'many-0');
    await store.incidents.open(aCandidate('many', 'many-1'));
    await store.incidents.open(aCandidate('many', 'many-1'));
    for (let i = 2; i <= 23; i += 1) await store.incidents.open(aCandidate('many', `many-${i}`, T0 + i));
    const incident = await store.incidents.byId('many-0');
    expect(incident?.joinedCount).toBe(23);
    expect(incident?.joined.map(({ at }) => at)).toEqual([
      T0 - 1000,
      ...Array.from({ length: 19 }, (_, i) => T0 - 998 + i),
    ]);
  });

  it('says that a closed incident was handled when its event is delivered again', async () => {
    await opened('replay', 'replay-1');
    await store.incidents.close('replay-1', RELIEVED);
    expect(await store.incidents.open(aCandidate('replay', 'replay-1'))).toMatchObject({
      kind: 'handled',
      incident: { outcome: 'relieved' },
    });
    expect(await store.incidents.openOf('replay')).toBeNull();
  });

  it('does not let a replayed event take a target that another incident holds', async () => {
    await opened('late', 'late-1');
    await store.incidents.close('late-1', RELIEVED);
    await opened('late', 'late-2');
    expect((await store.incidents.open(aCandidate('late', 'late-1'))).kind).toBe('handled');
    expect((await store.incidents.openOf('late'))?.id).toBe('late-2');
  });

  it('gives every incident of a target a higher fence than the one before', async () => {
    const fences: number[] = [];
    for (const id of ['fence-1', 'fence-2', 'fence-3']) {
      fences.push((await opened('fence', id)).fence);
      await store.incidents.close(id, RELIEVED);
    }
    expect(fences).toEqual([1, 2, 3]);
  });

  it('keeps targets apart', async () => {
    await opened('apart-a', 'apart-a-1');
    await opened('apart-b', 'apart-b-1');
    expect((await store.incidents.openOf('apart-a'))?.id).toBe('apart-a-1');
  });
});

describe('taking over', () => {
  const LATER = T0 + 10 * MINUTE;

  it('lets one of two contenders take an expired lease and closes the incident before it as failed', async () => {
    await opened('expired', 'expired-1');
    const openings = await Promise.all(
      ['expired-2', 'expired-3'].map(async (id) => {
        const candidate = aCandidate('expired', id, LATER);
        const opening = await store.incidents.open(candidate);
        expect(opening).toMatchObject({ kind: 'expired', incident: { id: 'expired-1' } });
        return store.incidents.takeOver(candidate, opening.incident);
      }),
    );
    expect(openings.map(({ kind }) => kind).sort()).toEqual(['joined', 'opened']);
    expect(new Set(openings.map(({ incident }) => incident.id)).size).toBe(1);
    expect(openings[0]?.incident.fence).toBe(2);
    expect(await store.incidents.byId('expired-1')).toMatchObject({
      status: 'closed',
      outcome: 'failed',
      failure: { error: 'LeaseExpired' },
      pendingNotices: ['opened', 'failed'],
    });
  });

  it('leaves an incident alone that extended its lease in the meantime', async () => {
    const holder = await opened('alive', 'alive-1');
    const candidate = aCandidate('alive', 'alive-2', LATER);
    const opening = await store.incidents.open(candidate);
    await store.incidents.holdFence(holder, LATER + MINUTE);
    expect(await store.incidents.takeOver(candidate, opening.incident)).toMatchObject({
      kind: 'joined',
      incident: { id: 'alive-1', status: 'open' },
    });
  });

  it('takes nothing over for an event whose own incident is closed', async () => {
    await opened('old', 'old-1');
    await store.incidents.close('old-1', RELIEVED);
    const holder = await opened('old', 'old-2');
    expect((await store.incidents.takeOver(aCandidate('old', 'old-1', LATER), holder)).kind).toBe('handled');
    expect((await store.incidents.byId('old-2'))?.status).toBe('open');
  });

  it('refuses the fence to the incident that was taken over', async () => {
    const first = await opened('fenced', 'fenced-1');
    await store.incidents.takeOver(aCandidate('fenced', 'fenced-2', LATER), first);
    await expect(store.incidents.holdFence(first, LATER + MINUTE)).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(store.incidents.change('fenced-1', { rounds: 3 })).rejects.toMatchObject({ name: 'FenceLost' });
  });
});

describe('changing and closing', () => {
  it('writes fields, returns the whole incident and lets later reads see it', async () => {
    await opened('change', 'change-1');
    const cause = {
      name: 'connection-leak' as const,
      confidence: 0.8,
      evidence: ['41 of 60 sessions idle over 5 min'],
      ranking: [],
    };
    const changed = await store.incidents.change('change-1', {
      usageBefore: 97,
      rounds: 1,
      cause,
      firstActionAt: T0 + 5,
    });
    expect(changed).toMatchObject({ usageBefore: 97, rounds: 1, cause, firstActionAt: T0 + 5, usageAfter: null });
    expect(await store.incidents.byId('change-1')).toEqual(changed);
  });

  it('marks a notice as pending once, and never again after it was delivered', async () => {
    await opened('notice', 'notice-1');
    expect((await store.incidents.change('notice-1', {}, 'escalated')).pendingNotices).toEqual(['opened', 'escalated']);
    const attempt = { notice: 'escalated', at: T0, delivered: false, error: 'topic is gone' } as const;
    await store.notices.recordAttempt('notice-1', attempt);
    expect((await store.incidents.byId('notice-1'))?.pendingNotices).toEqual(['opened', 'escalated']);
    await store.notices.recordAttempt('notice-1', { ...attempt, delivered: true, error: '' });
    const again = await store.incidents.change('notice-1', {}, 'escalated');
    expect(again.pendingNotices).toEqual(['opened']);
    expect(again.notices.map(({ delivered }) => delivered)).toEqual([false, true]);
  });

  it('keeps a bounded number of attempts, the last one included', async () => {
    await opened('attempts', 'attempts-1');
    for (let i = 1; i <= 45; i += 1) {
      await store.notices.recordAttempt('attempts-1', { notice: 'failed', at: T0 + i, delivered: false, error: 'no' });
    }
    const notices = (await store.incidents.byId('attempts-1'))?.notices ?? [];
    expect(notices).toHaveLength(40);
    expect(notices.at(-1)?.at).toBe(T0 + 45);
  });

  it('closes once: the first outcome stands and the target is free', async () => {
    const incident = await opened('close', 'close-1');
    const closed = await store.incidents.close('close-1', RELIEVED);
    expect(closed).toMatchObject({ status: 'closed', outcome: 'relieved', pendingNotices: ['opened', 'resolved'] });
    const failure = { error: 'States.Timeout', detail: '' };
    expect(await store.incidents.close('close-1', { outcome: 'failed', at: T0, failure, notice: 'failed' })).toEqual(
      closed,
    );
    expect(await store.incidents.openOf('close')).toBeNull();
    await expect(store.incidents.change('close-1', { rounds: 9 })).rejects.toMatchObject({ name: 'FenceLost' });
    await expect(store.incidents.holdFence(incident, T0 + HOUR)).rejects.toMatchObject({ name: 'FenceLost' });
  });

  it('does not let the close of an old incident free the target of a new one', async () => {
    await opened('twice', 'twice-1');
    await store.incidents.close('twice-1', RELIEVED);
    await opened('twice', 'twice-2');
    await store.incidents.close('twice-1', RELIEVED);
    expect((await store.incidents.openOf('twice'))?.id).toBe('twice-2');
  });

  it('says so when there is no such incident', async () => {
    expect(await store.incidents.byId('nobody')).toBeNull();
    await expect(store.incidents.close('nobody', RELIEVED)).rejects.toMatchObject({ name: 'BadRequest' });
    await expect(store.incidents.change('nobody', {})).rejects.toMatchObject({ name: 'FenceLost' });
  });

  it('cuts what is too long instead of refusing it, and stays under the limit of an item', async () => {
    await opened('huge', 'huge-1');
    const long = '🦑'.repeat(5_000);
    const advice = Array.from({ length: 500 }, () => long);
    const spared = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`${i} ${long.slice(0, 200)}`, i]));
    await store.incidents.change('huge-1', {
      escalation: { reason: long, advice },
      cause: { name: long as CauseName, confidence: Number.NaN, evidence: advice, ranking: [] },
      spared,
    });
    for (let i = 0; i < 25; i += 1) {
      const late = aCandidate('huge', `huge-late-${i}`);
      await store.incidents.open({ ...late, alarm: { ...late.alarm, reason: long } });
    }
    for (let i = 0; i < 45; i += 1) {
      await store.notices.recordAttempt('huge-1', { notice: 'opened', at: T0, delivered: false, error: long });
    }
    const incident = await store.incidents.close('huge-1', { ...RELIEVED, failure: { error: 'X', detail: long } });
    expect(incident.joinedCount).toBe(25);
    expect(Buffer.byteLength(JSON.stringify(incident))).toBeLessThan(400_000);
    expect(incident.escalation?.reason.startsWith('🦑')).toBe(true);
    expect(JSON.stringify(incident)).not.toContain('\ufffd');
  });
});

describe('rounds and acts', () => {
  const round = {
    round: 1,
    at: T0,
    usage: 97.2,
    used: 97,
    usable: 100,
    byState: { idle: 60, active: 37 },
    canary: 'refused: full',
    admission: 'warm',
    cause: null,
    next: 'kill-idle',
    why: 'usage over the trigger',
    planned: { 'kill-idle': 12 },
    spared: { 'too young': 5_000 },
    sparedSamples: { 'too young': ['shop/web#@orders'] },
  };

  it('reads rounds back in their order, and writing one again replaces it', async () => {
    for (const number of [2, 10, 1]) await store.rounds.put({ ...round, incidentId: 'rounds-1', round: number });
    await store.rounds.put({ ...round, incidentId: 'rounds-1', round: 2, why: 'again' });
    const rounds = await store.rounds.of('rounds-1');
    expect(rounds.map(({ round: number, why }) => [number, why])).toEqual([
      [1, 'usage over the trigger'],
      [2, 'again'],
      [10, 'usage over the trigger'],
    ]);
    expect(rounds[0]).toEqual({ ...round, incidentId: 'rounds-1' });
  });

  it('keeps a round with the samples of 5,000 spared sessions under the limit', async () => {
    const samples = Array.from({ length: 5_000 }, (_, i) => `session ${i} of ${'ü'.repeat(60)}`);
    await store.rounds.put({ ...round, incidentId: 'rounds-2', sparedSamples: { busy: samples } });
    const [read] = await store.rounds.of('rounds-2');
    expect(read?.spared).toEqual({ 'too young': 5_000 });
    expect(read?.sparedSamples['busy']?.[0]).toBe(samples[0]);
    expect(Buffer.byteLength(JSON.stringify(read))).toBeLessThan(300_000);
  });

  it('refuses to start the act of a round twice', async () => {
    await store.acts.start('acts', anAct('acts-1', 1));
    await expect(store.acts.start('acts', anAct('acts-1', 1, { victims: [aVictim(9)] }))).rejects.toMatchObject({
      name: 'ActRepeated',
    });
    expect(await store.acts.of('acts-1')).toEqual([anAct('acts-1', 1)]);
    expect(await store.acts.tallies('acts', T0)).toHaveLength(1);
  });

  it('lets one of ten executors start an act', async () => {
    const starts = await Promise.allSettled(
      Array.from({ length: 10 }, () => store.acts.start('acts-race', anAct('acts-race-1', 1))),
    );
    expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keeps 2,500 victims with hostile names, in pages under the limit, and their results later', async () => {
    const name = '"\\\u0001🦑\n'.repeat(8);
    const victims = Array.from({ length: 2_500 }, (_, i) =>
      aVictim(i, { user: name, application: name, database: name }),
    );
    const act = anAct('pages-1', 1, { victims });
    await store.acts.start('pages', act);
    expect(await store.acts.of('pages-1')).toEqual([act]);
    const pages = await itemsOf('INCIDENT#pages-1');
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(400_000);

    const finished = {
      ...act,
      finishedAt: T0 + 900,
      counted: 2_400,
      victims: victims.map((victim) => ({
        ...victim,
        result: 'refused' as const,
        detail: 'must be a member of the role '.repeat(15),
      })),
    };
    await store.acts.finish('pages', finished);
    expect(await store.acts.of('pages-1')).toEqual([finished]);
    expect(await itemsOf('INCIDENT#pages-1')).toHaveLength(pages.length);
    expect((await store.acts.tallies('pages', T0)).map(({ counted }) => counted)).toEqual([2_400]);
  });

  it('cuts texts of a victim by bytes, inside no character', async () => {
    await store.acts.start('bytes', anAct('bytes-1', 1, { victims: [aVictim(1, { application: '🦑'.repeat(400) })] }));
    const [act] = await store.acts.of('bytes-1');
    const application = act?.victims[0]?.application ?? '';
    expect(application).toMatch(/^(?:🦑)+…$/u);
    expect(Buffer.byteLength(application)).toBeLessThanOrEqual(512);
  });

  it('tallies the acts of all incidents of a target from a moment on, that moment included', async () => {
    const times = [T0 - HOUR - 1, T0 - HOUR, T0 - 1, T0];
    for (const [index, startedAt] of times.entries()) {
      await store.acts.start('hours', anAct(`hours-${index % 2}`, index, { startedAt, counted: index }));
    }
    await store.acts.start('hours-elsewhere', anAct('hours-elsewhere-1', 1));
    const tallies = await store.acts.tallies('hours', T0 - HOUR);
    expect(tallies.map(({ counted }) => counted)).toEqual([1, 2, 3]);
    expect(tallies[0]).toEqual({
      incidentId: 'hours-1',
      round: 1,
      tier: 'kill-idle',
      startedAt: T0 - HOUR,
      finishedAt: null,
      counted: 1,
    });
  });
});

describe('pauses', () => {
  const pause = aPause({ at: T0 });
  const namesOf = (pauses: readonly Pause[]) => pauses.map(scopeInWords);

  it('returns the pause of a target until it has run out or is resumed', async () => {
    now = T0;
    expect(await store.pauses.on('paused')).toEqual([]);
    const own = { ...pause, targetId: 'paused', until: T0 + HOUR };
    await store.pauses.put(own);
    expect(await store.pauses.on('paused')).toEqual([own]);
    now = T0 + HOUR;
    expect(await store.pauses.on('paused')).toEqual([]);
    expect(await store.pauses.lift(own)).toBeNull();
    await store.pauses.put({ ...own, until: null });
    await store.pauses.put({ ...own, by: 'bob', until: null });
    expect((await store.pauses.on('paused')).map(({ by, until }) => ({ by, until }))).toEqual([
      { by: 'bob', until: null },
    ]);
    expect(await store.pauses.lift(own)).toMatchObject({ by: 'bob' });
    expect(await store.pauses.on('paused')).toEqual([]);
  });

  it('lists every pause that concerns a target, widest first, and lifts only the one that is named', async () => {
    now = T0;
    for (const targetId of ['one', 'two', null]) {
      for (const tier of ['kill-idle', null] as const) await store.pauses.put({ ...pause, targetId, tier });
    }
    expect(namesOf(await store.pauses.on('one'))).toEqual([
      'everything',
      'one',
      'kill-idle of every target',
      'kill-idle of one',
    ]);
    await store.pauses.lift({ targetId: null, tier: null });
    expect(namesOf(await store.pauses.on('two'))).toEqual(['two', 'kill-idle of every target', 'kill-idle of two']);
    await store.pauses.lift({ targetId: 'two', tier: null });
    expect(namesOf(await store.pauses.active())).toEqual([
      'one',
      'kill-idle of every target',
      'kill-idle of one',
      'kill-idle of two',
    ]);
    for (const left of await store.pauses.active()) await store.pauses.lift(left);
    expect(await store.pauses.active()).toEqual([]);
  });

  it('is read by one consistent query', async () => {
    const sent: unknown[] = [];
    const watched = createIncidentStore({
      client: {
        send: (command: { readonly input: unknown }) => {
          sent.push(command.input);
          return local.client.send(command as never);
        },
      } as unknown as typeof local.client,
      table: local.table,
    });
    await watched.pauses.on('one');
    expect(sent).toEqual([expect.objectContaining({ ConsistentRead: true })]);
  });
});

describe('lists', () => {
  it('lists incidents of a target newest first, over several pages', async () => {
    const long = 'x'.repeat(29_000);
    for (let i = 0; i < 60; i += 1) {
      await opened('list', `list-${i}`, T0 + i * HOUR);
      await store.incidents.change(`list-${i}`, {
        escalation: { reason: 'r', advice: Array.from({ length: 14 }, () => long.slice(0, 2_000)) },
      });
      await store.incidents.close(`list-${i}`, { ...RELIEVED, at: T0 + i * HOUR + 1 });
    }
    const all = await store.incidents.listByTarget('list', 100);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, i) => `list-${59 - i}`));
    expect((await store.incidents.listByTarget('list', 3)).map(({ id }) => id)).toEqual([
      'list-59',
      'list-58',
      'list-57',
    ]);
    expect(await store.incidents.listByTarget('list-nobody', 3)).toEqual([]);
  });

  it('lists incidents by status, without locks, pauses or acts among them', async () => {
    await opened('status', 'status-1', T0 + 1_000 * HOUR);
    await store.pauses.put(aPause({ targetId: 'status' }));
    await store.acts.start('status', anAct('status-1', 1));
    expect((await store.incidents.listByStatus('open', 1)).map(({ id }) => id)).toEqual(['status-1']);
    await store.incidents.close('status-1', RELIEVED);
    expect((await store.incidents.listByStatus('open', 1_000)).map(({ id }) => id)).not.toContain('status-1');
    expect((await store.incidents.listByStatus('closed', 1)).map(({ id }) => id)).toEqual(['status-1']);
    expect((await store.incidents.listByTarget('status', 10)).map(({ id }) => id)).toEqual(['status-1']);
  });

  it('gives records 400 days and tallies a week, in epoch seconds', async () => {
    await opened('ttl', 'ttl-1');
    await store.acts.start('ttl', anAct('ttl-1', 1));
    const day = 24 * 3600;
    const expiries = [...(await itemsOf('INCIDENT#ttl-1')), ...(await itemsOf('TARGET#ttl'))].map(
      ({ sk, expiresAt }) => [String(sk).slice(0, 5), expiresAt],
    );
    expect(Object.fromEntries(expiries)).toEqual({
      META: T0 / 1000 + 400 * day,
      'ACT#0': T0 / 1000 + 400 * day,
      OPEN: undefined,
      ACTED: T0 / 1000 + 7 * day,
    });
  });
});
