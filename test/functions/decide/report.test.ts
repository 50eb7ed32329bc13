import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { linkToReport } from '../../../functions/core/ports/incident-record.ts';
import { decide } from '../../../functions/decide/decide.ts';
import { deliverPending } from '../../../functions/incident/deliver.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

const DAY = 24 * 3_600_000;
let world: StepWorld;
let incidentId = '';
let link = '';
let secrets = 0;
let runs = 0;

const newSecret = () => `secret-${++secrets}-${'x'.repeat(32)}`;
const LINKS = { pageUrl: 'https://page.example/', days: 7, newSecret };

beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

/** As messages get it: by the notice that an incident has been opened. */
beforeEach(async () => {
  world.showsReports = true;
  incidentId = await world.openIncident(aTarget({ id: `r${++runs}` }));
  link = await notify();
});

async function notify(): Promise<string> {
  const incident = await world.store.incidents.byId(incidentId);
  if (incident === null) throw new Error('no incident');
  const pending = { ...incident, pendingNotices: ['opened'] as const };
  await deliverPending(pending, { store: world.store, notifier: world.notifier, now: world.now, reportLinks: LINKS });
  return /https:\/\/page\.example\/\?report=\S+/.exec(world.published.at(-1)?.body ?? '')?.[0] ?? '';
}

function follow(url: string, method = 'GET') {
  const requestContext = { http: { method, path: '/', sourceIp: '192.0.2.7' } };
  const report = new URL(url).searchParams.get('report') ?? '';
  return decide({ version: '2.0', requestContext, headers: {}, queryStringParameters: { report } }, world);
}

describe('a link to a report', () => {
  it('shows the report, as often as it is followed, and changes nothing', async () => {
    const before = await world.store.incidents.byId(incidentId);
    for (let visit = 0; visit < 3; visit++) {
      const { statusCode, headers, body } = await follow(link);
      expect(statusCode).toBe(200);
      expect(body).toContain(`Incident report: r${runs}`);
      expect(body).not.toContain('<form');
      expect(headers).toMatchObject({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
      expect(headers['Content-Security-Policy']).toMatch(/default-src 'none'.*form-action 'none'/);
    }
    expect(await world.store.incidents.byId(incidentId)).toEqual(before);
    // What it was made with is in no record that anybody reads.
    expect(JSON.stringify(before)).not.toContain('secret-');
  });

  it('decides nothing: a form that is sent with it finds no question', async () => {
    expect((await follow(link, 'POST')).statusCode).toBe(415);
    const key = new URL(link).searchParams.get('report') ?? '';
    const requestContext = { http: { method: 'GET', path: '/', sourceIp: '192.0.2.7' } };
    const asQuestion = { version: '2.0', requestContext, queryStringParameters: { key } };
    expect((await decide(asQuestion, world)).statusCode).toBe(404);
  });

  it('runs out after its days, and says how to read the report then', async () => {
    world.at += 7 * DAY - 1_000;
    expect((await follow(link)).statusCode).toBe(200);
    world.at += 1_000;
    const late = await follow(link);
    expect(late.statusCode).toBe(410);
    expect(late.body).toContain(`npx --no headroom incidents report ${incidentId}`);
  });

  it.each([
    ['a later end', ([id, , proof]: string[]) => `${id}.9999999999.${proof}`],
    ['another incident', ([id, end, proof]: string[]) => `x${id}.${end}.${proof}`],
    ['another proof', ([id, end]: string[]) => `${id}.${end}.${'A'.repeat(43)}`],
    ['no proof', ([id, end]: string[]) => `${id}.${end}`],
  ])('with %s leads nowhere, and does not say whether there is such an incident', async (_, change) => {
    const parts = (new URL(link).searchParams.get('report') ?? '').split('.');
    const response = await follow(`https://page.example/?report=${change(parts)}`);
    expect(response.statusCode).toBe(404);
    expect(response.body).not.toContain(incidentId);
  });

  it('of one incident opens no other', async () => {
    const [, end, proof] = (new URL(link).searchParams.get('report') ?? '').split('.');
    const other = await world.openIncident(aTarget({ id: `other${runs}` }));
    await linkToReport(other, world.now(), LINKS, world.store);
    expect((await follow(`https://page.example/?report=${other}.${end}.${proof}`)).statusCode).toBe(404);
  });

  it('is revoked with all others of its incident; later messages have new ones', async () => {
    const again = await notify();
    expect((await follow(again)).statusCode).toBe(200);
    await world.store.notices.replaceReportSecret(incidentId, newSecret());
    for (const sent of [link, again]) expect((await follow(sent)).statusCode).toBe(404);
    expect((await follow(await notify())).statusCode).toBe(200);
  });

  it('is refused, whenever it was sent, in an installation without links', async () => {
    world.showsReports = false;
    expect((await follow(link)).statusCode).toBe(404);
  });

  it('never holds up a message: one whose link cannot be made names the command', async () => {
    const failing = { ...LINKS, newSecret: () => 'x'.repeat(500_000) };
    const id = await world.openIncident(aTarget({ id: `f${runs}` }));
    const incident = await world.store.incidents.byId(id);
    if (incident === null) throw new Error('no incident');
    await deliverPending(incident, {
      store: world.store,
      notifier: world.notifier,
      now: world.now,
      reportLinks: failing,
    });
    const last = world.published.at(-1);
    expect(last?.attributes.incidentId).toBe(id);
    expect(last?.body).toContain(`npx --no headroom incidents report ${id}`);
    expect(last?.body).not.toContain('https://');
  });
});
