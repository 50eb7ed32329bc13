import { createServer } from 'node:http';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Approval } from '../../functions/core/record/approval.ts';
import { serveLoopback } from '../../local/machine/loopback-server.ts';
import { incidentOf, setStage, type Stage } from '../breakage/stage.ts';
import { pictureFile, violationsOf } from '../support/axe.ts';
import { startChromium, type Browser, type Tab } from '../support/chromium.ts';

/** A user, an application and a database of this name: PostgreSQL takes up to 63 bytes. */
const HOSTILE = `<img src=x onerror="document.title='pwned'"><script>pwned=1</script>`.slice(0, 63);
const LONG = 'a-name-without-any-place-to-break-it-'.padEnd(63, 'x');

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
}, 300_000);
afterAll(() => browser.stop());

let stage: Stage;
let clients: pg.Client[];
let incidentId: string;
let link: string;

/** A full house of hostile names, and the question about it. */
async function beAsked(): Promise<void> {
  clients = [];
  // Neither of the two consumers alone is enough, so the plan is about both; and one yes is enough for all of it.
  const caps = { perTierPercent: 100, perIncidentPercent: 100 };
  const levels = { reliefPercent: 40, triggerPercent: 50 };
  stage = await setStage({ mode: 'approve', policy: { minimumPerPool: 0, ...levels, caps } });
  for (const name of [HOSTILE, LONG]) await createNamed(name);
  for (const name of [HOSTILE, LONG]) await connectNamed(name, 10);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  incidentId = incidentOf(await stage.alarm());
  await stage.until('a question is told', () => findLink() !== null);
  link = findLink() ?? '';
}

async function leave(): Promise<void> {
  await stage.stop();
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
}

async function asAdmin(work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: stage.server.adminUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function createNamed(name: string): Promise<void> {
  return asAdmin(async (admin) => {
    const identifier = pg.escapeIdentifier(name);
    await admin.query(`CREATE ROLE ${identifier} LOGIN PASSWORD 'app'`);
    await admin.query(`CREATE DATABASE ${identifier} OWNER ${identifier}`);
  });
}

async function connectNamed(name: string, count: number): Promise<void> {
  const { hostname: host, port } = new URL(stage.server.adminUrl);
  for (let index = 0; index < count; index++) {
    const client = new pg.Client({
      host,
      port: Number(port),
      user: name,
      password: 'app',
      database: name,
      application_name: name,
    });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('SELECT 1');
    clients.push(client);
  }
}

function findLink(): string | null {
  const bodies = stage.progress.flatMap((each) => (each.kind === 'notification' ? [each.body] : []));
  return bodies.map((body) => /http:\/\/\S+key=\S+/.exec(body)?.[0] ?? null).find((found) => found !== null) ?? null;
}

async function question(): Promise<Approval> {
  const [approval] = await stage.runtime.store.approvals.of(incidentId);
  if (!approval) throw new Error('nothing was asked');
  return approval;
}

const textOf = (tab: Tab) => tab.evaluate('document.body.innerText').then(String);

async function fillIn(tab: Tab, { answer, name }: { readonly answer: string; readonly name: string }): Promise<void> {
  await tab.evaluate(`document.querySelector('input[value="${answer}"]').click()`);
  await tab.evaluate(`document.querySelector('input[name="name"]').value = ${JSON.stringify(name)}`);
}

const SEND = `document.querySelector('button').click()`;

describe('the page, looked at in a real browser', () => {
  // Nobody answers, so the question waits for all of these.
  beforeAll(beAsked);
  afterAll(leave);

  it('shows hostile names as text, on a phone without scrolling sideways, and decides nothing by being looked at', async () => {
    const tab = await browser.tab('narrow');
    for (let visit = 0; visit < 3; visit++) await tab.open(link);
    await tab.evaluate('document.querySelectorAll("details").forEach((each) => (each.open = true))');
    const text = await textOf(tab);
    // In quotes, so that it cannot pass for Headroom's own words; its own double quotes are single ones there.
    expect(text).toContain(`"${HOSTILE.replaceAll('"', "'").slice(0, 50)}`);
    expect(text).toContain(LONG);
    const facts = await tab.evaluate(`({
      title: document.title,
      pwned: typeof pwned,
      scripts: document.scripts.length,
      images: document.images.length,
      links: document.links.length,
      wide: document.documentElement.scrollWidth - innerWidth,
      fontSize: getComputedStyle(document.querySelector('button')).fontWeight,
    })`);
    expect(facts).toEqual({
      title: 'shop: may Headroom do this?',
      pwned: 'undefined',
      scripts: 0,
      images: 0,
      links: 0,
      wide: 0,
      // The style is let in by its hash.
      fontSize: '700',
    });
    expect(tab.complaints).toEqual([]);
    expect(await question()).toMatchObject({ status: 'pending' });
  });

  it('has the question, whose sessions and the form on the first screen of a phone, and can be read by everybody', async () => {
    const tab = await browser.tab('phone');
    await tab.open(link);
    const facts = await tab.evaluate(`({
      screen: [innerWidth, innerHeight],
      below: [...document.querySelectorAll('h1, h2:first-of-type, fieldset, input[type="text"], button')]
        .filter((each) => each.getBoundingClientRect().bottom > 844).map((each) => each.outerHTML),
      folded: [...document.querySelectorAll('details')].map(({ open }) => open),
    })`);
    expect(facts).toMatchObject({ screen: [390, 844], below: [], folded: [false, false, false, false, false] });
    expect(await textOf(tab)).toMatch(
      /No: not in this incident\. Headroom goes on[^]*pages a person if nothing is left/,
    );
    await tab.picture(pictureFile('question-phone'));
    await tab.evaluate('document.querySelectorAll("details").forEach((each) => (each.open = true))');
    expect(await violationsOf(tab)).toEqual([]);
  });

  it('runs no script that found its way in, by its own policy', async () => {
    const tab = await browser.tab();
    await tab.open(link);
    await tab.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'window.ran = 1';
      document.body.append(script);
      const image = document.createElement('img');
      image.src = 'http://127.0.0.1:1/x.png';
      document.body.append(image);
    }`);
    expect(await tab.evaluate('typeof window.ran')).toBe('undefined');
    expect(tab.complaints.join('\n')).toMatch(/script[^]*Content Security Policy/i);
  });

  it('is refused in a frame, so that nobody can lay another page over it', async () => {
    const thief = await serveLoopback(
      createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html').end(`<title>free pizza</title><iframe src="${link}"></iframe>`);
      }),
    );
    try {
      const tab = await browser.tab();
      await tab.open(thief.url);
      expect(tab.complaints.join('\n')).toMatch(/frame-ancestors|X-Frame-Options/);
      expect(await question()).toMatchObject({ status: 'pending' });
    } finally {
      await thief.stop();
    }
  });
});

describe('the page, answered in a real browser', () => {
  beforeEach(beAsked);
  afterEach(leave);

  it('takes one answer with a name, after which the workflow looks again and acts', async () => {
    const tab = await browser.tab('narrow');
    await tab.open(link);
    // Without an answer and a name the browser itself sends nothing.
    await tab.evaluate(SEND);
    expect(await tab.evaluate('document.querySelector("form").checkValidity()')).toBe(false);
    await fillIn(tab, { answer: 'approved', name: HOSTILE });
    await tab.leaveBy(SEND);
    expect(await textOf(tab)).toMatch(/approved by <img[^]*from 127\.0\.0\.1/);
    expect(await tab.evaluate('[typeof pwned, document.scripts.length, document.images.length]')).toEqual([
      'undefined',
      0,
      0,
    ]);
    // The secret is not in the address any more.
    expect(await tab.evaluate('location.search')).toBe('');

    const incident = await stage.ended(incidentId);
    expect(incident).toMatchObject({ outcome: 'relieved' });
    const approval = await question();
    expect(approval).toMatchObject({ status: 'approved', decision: { via: 'page', address: '127.0.0.1' } });
    expect(incident.endedCount).toBeLessThanOrEqual(approval.plan.sessions);

    await tab.open(link);
    expect(await textOf(tab)).toContain('Answered already');
  });

  it('says no as well: nothing is ended, and a person is paged with who said it', async () => {
    const tab = await browser.tab();
    await tab.open(link);
    await fillIn(tab, { answer: 'denied', name: 'Ann' });
    await tab.leaveBy(SEND);
    expect(await stage.ended(incidentId)).toMatchObject({ outcome: 'escalated', endedCount: 0 });
    const last = stage.progress.findLast((each) => each.kind === 'notification');
    expect(z.object({ body: z.string() }).parse(last).body).toMatch(
      /Asked +kill-idle, \d+ sessions: denied by Ann from 127\.0\.0\.1/,
    );
  });
});
