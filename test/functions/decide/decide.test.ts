import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../../functions/ask/ask.ts';
import type { Approval } from '../../../functions/core/record/approval.ts';
import { decide, type PageResponse } from '../../../functions/decide/decide.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { aPolicy, aSession, aSnapshot, aTarget, inTransaction, many } from '../../support/a-session.ts';
import { aConsumer } from '../../support/a-profile.ts';
import { MINUTE } from '../../support/an-approval.ts';
import { StepWorld } from '../../support/step-world.ts';

const HOSTILE = `"><script>alert(1)</script><b onmouseover='x'>&amp;`;
const SECRET = 's'.repeat(43);
let world: StepWorld;
let key = '';
let asked: Approval;
let runs = 0;

beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

beforeEach(async () => {
  const policy = aPolicy({ tiers: { 'end-idle-transactions': 'approve' } });
  // Only both kinds of transaction together bring usage under the trigger.
  const target = aTarget({ id: `t${++runs}`, mode: 'observe', policy });
  const incidentId = await world.openIncident(target, [aConsumer('app/web', { idle: 42, most: 42, middle: 42 })]);
  world.snapshots = [
    aSnapshot(60, [
      ...many(9, 1, (id) => inTransaction(id, { application: HOSTILE })),
      ...many(9, 50, (id) => inTransaction(id, { user: HOSTILE, hasWritten: true, rowsModified: 50_000 })),
      ...many(42, 60, (id) => aSession(id, { stateMs: 1_000 })),
    ]),
  ];
  const { round, next } = await diagnose({ schema: 1, incidentId }, world);
  expect(next).toBe('ask');
  const deps = { ...world, now: world.now, newSecret: () => SECRET, pageUrl: 'https://page.example/' };
  await ask({ schema: 1, incidentId, round, taskToken: `token-${runs}` }, deps);
  asked = await current();
  key = /\?key=(\S+)/.exec(world.published.at(-1)?.body ?? '')?.[1] ?? '';
  world.resumed.length = 0;
});

async function current(): Promise<Approval> {
  const [approval] = await world.store.approvals.of(`t${runs}-incident`);
  if (!approval) throw new Error('nothing was asked');
  return approval;
}

function event(method: string, changed: Readonly<Record<string, unknown>> = {}) {
  return {
    version: '2.0',
    requestContext: { http: { method, path: '/', sourceIp: '192.0.2.7' } },
    headers: {},
    isBase64Encoded: false,
    ...changed,
  };
}

const get = (given = key) => decide(event('GET', { queryStringParameters: { key: given } }), world);

function post(fields: Readonly<Record<string, string>> = {}, headers: Readonly<Record<string, string>> = {}) {
  const form = { key, plan: asked.planHash, answer: 'approved', name: 'ann', ...fields };
  return decide(
    event('POST', {
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
      // As API Gateway hands on the body of a form.
      body: Buffer.from(new URLSearchParams(form).toString()).toString('base64'),
      isBase64Encoded: true,
    }),
    world,
  );
}

async function expectUndecided(): Promise<void> {
  expect(await current()).toMatchObject({ status: 'pending', decision: null });
  expect(world.resumed).toEqual([]);
}

describe('a link that is followed', () => {
  it('shows the plan, what it costs and whom it is about, and decides nothing, however often', async () => {
    for (let visit = 0; visit < 3; visit++) expect((await get()).statusCode).toBe(200);
    const { body } = await get();
    expect(body).toContain(`t${runs}: may Headroom do this?`);
    expect(body).toMatch(/end-idle-transactions ends \d+ sessions/);
    expect(body).toContain('their uncommitted work rolls back');
    expect(body).toContain('has written more than the policy lets Headroom throw away');
    expect(body).toContain(asked.planHash);
    await expectUndecided();
  });

  it.each([
    ['nothing', ''],
    ['no key', 'nonsense'],
    ['another secret', 'x'],
    ['another round', '9'],
  ])('with %s leads nowhere, and says no more than that', async (what, given) => {
    const [incidentId, round] = key.split('.');
    const keys: Readonly<Record<string, string>> = {
      'another secret': `${incidentId}.${round}.${given.repeat(43)}`,
      'another round': `${incidentId}.${given}.${SECRET}`,
    };
    const response = await get(keys[what] ?? given);
    expect(response.statusCode).toBe(404);
    expect(response.body).not.toContain('orders');
    expect((await decide(event('GET'), world)).body).toBe(response.body);
  });
});

describe('the question', () => {
  it.each([
    ['was refused, and gets in again', { from: 1, until: 2 }, false],
    ['was never refused', null, false],
    ['is refused', { from: 1, until: null }, true],
  ])('speaks of running out only while clients are: one that %s', async (_, refusal, isOut) => {
    await world.store.incidents.change(`t${runs}-incident`, { refusal });
    expect((await get()).body.includes('out of connections')).toBe(isOut);
  });
});

describe('an answer', () => {
  it('is recorded with who gave it, from where and when, and wakes the workflow', async () => {
    world.at += MINUTE;
    const response = await post({ name: '  Ann Example ' });
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain('approved by Ann Example from 192.0.2.7');
    expect(await current()).toMatchObject({
      status: 'approved',
      decision: { by: 'Ann Example', via: 'page', address: '192.0.2.7', at: world.at },
    });
    expect(world.resumed).toEqual([`token-${runs}`]);
    expect(await world.store.approvals.taskTokenOf(asked)).toBeNull();
  });

  it('is good once: a second is told who was first, and changes nothing', async () => {
    await post({ answer: 'denied' });
    const second = await post({ name: 'bob' });
    expect(second.statusCode).toBe(409);
    expect(second.body).toContain('This was denied by ann');
    expect((await get()).statusCode).toBe(410);
    expect(await current()).toMatchObject({ status: 'denied', decision: { by: 'ann' } });
    expect(world.resumed).toHaveLength(1);
  });

  it('of ten at once counts one', async () => {
    const responses = await Promise.all(Array.from({ length: 10 }, (_, index) => post({ name: `person ${index}` })));
    expect(responses.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array<number>(9).fill(409)]);
    expect(world.resumed).toHaveLength(1);
  });

  it('comes too late when its time has run out', async () => {
    world.at = asked.expiresAt;
    expect(await post()).toMatchObject({
      statusCode: 410,
      body: expect.stringContaining('Nobody answered in time') as string,
    });
    expect((await get()).statusCode).toBe(410);
    await expectUndecided();
  });

  it('is not waited for any more once the incident is closed, or the question withdrawn', async () => {
    await world.store.approvals.end(asked, 'withdrawn', world.at);
    expect((await post()).statusCode).toBe(410);
    const { id } = (await world.store.incidents.byId(asked.incidentId)) ?? { id: '' };
    await world.store.incidents.close(id, { outcome: 'failed', at: world.at, failure: null, notice: null });
    expect((await get()).statusCode).toBe(410);
    expect(world.resumed).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, number]>([
    ['to another plan', { plan: '0'.repeat(64) }, {}, 409],
    ['to no plan', { plan: '' }, {}, 409],
    ['with another secret', { key: `x.1.${'y'.repeat(43)}` }, {}, 404],
    ['that says neither yes nor no', { answer: 'maybe' }, {}, 400],
    ['of nobody', { name: ' \u0000\u202e ' }, {}, 400],
    ['of a form of another site', {}, { 'sec-fetch-site': 'cross-site' }, 403],
    ['that is no form', {}, { 'content-type': 'application/json' }, 415],
    ['that is longer than any form', { name: 'x'.repeat(9_000) }, {}, 413],
  ])('%s is refused and decides nothing', async (_, fields, headers, status) => {
    // A name of control characters alone is shown as a dot, which is no name either.
    const response = await post(fields, headers);
    expect(response.statusCode).toBe(status);
    await expectUndecided();
  });

  it('needs the form: no other method decides', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']) {
      const response = await decide(event(method, { queryStringParameters: { key } }), world);
      expect(response).toMatchObject({ statusCode: 405, headers: { Allow: 'GET, POST' } });
    }
    await expectUndecided();
  });

  it('counts although the workflow cannot be woken: it is on record, and the reconciler wakes it', async () => {
    world.resumeFails = true;
    try {
      expect((await post()).statusCode).toBe(200);
    } finally {
      world.resumeFails = false;
    }
    expect(await current()).toMatchObject({ status: 'approved' });
    expect(await world.store.approvals.taskTokenOf(asked)).toBe(`token-${runs}`);
  });
});

describe('every page', () => {
  async function everyPage(): Promise<PageResponse[]> {
    const open = [
      await get(),
      await get('nonsense'),
      await post({ answer: 'maybe' }),
      await decide(event('PUT'), world),
    ];
    return [...open, await post(), await get(), await post()];
  }

  it('may run no script, load nothing, stand in no frame, be kept nowhere and tell nobody where it came from', async () => {
    for (const { headers } of await everyPage()) {
      expect(headers).toMatchObject({
        'Content-Type': 'text/html; charset=utf-8',
        'X-Frame-Options': 'DENY',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': 'no-store',
      });
      expect(headers['Strict-Transport-Security']).toMatch(/^max-age=\d{8}/);
      const csp = headers['Content-Security-Policy'] ?? '';
      expect(csp).toMatch(
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      );
    }
  });

  it('shows hostile names as text, and holds neither the token nor a script', async () => {
    expect((await get()).body).toContain('&#39;&gt;&lt;script&gt;');
    for (const { body } of await everyPage()) {
      expect(body).not.toMatch(/<script|<b |onmouseover='|token-/i);
      expect(body).not.toMatch(/ src=| href=/);
    }
  });
});
