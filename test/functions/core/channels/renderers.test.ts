import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { amazonQNotification } from '../../../../functions/core/channels/amazon-q.ts';
import { ownAlarm } from '../../../../functions/core/channels/own-alarm.ts';
import { pagerDutyEvents } from '../../../../functions/core/channels/pagerduty.ts';
import { slackDetails, slackMessage } from '../../../../functions/core/channels/slack.ts';
import { smsText } from '../../../../functions/core/channels/sms.ts';
import { teamsMessage } from '../../../../functions/core/channels/teams.ts';
import { readTold, type Told } from '../../../../functions/core/channels/told.ts';
import { signatureOf, signingKeyProblem } from '../../../../functions/core/channels/webhook.ts';
import { machineForm } from '../../../../functions/core/messages/form/build.ts';
import { linkPlacesTo } from '../../../../functions/core/messages/form/places.ts';
import type { Message } from '../../../../functions/core/messages/message.ts';
import * as schemas from '../../../support/channel-schemas.ts';
import { MESSAGE_KINDS } from '../../../support/message-kinds.ts';

const NOW = Date.UTC(2026, 10, 21, 3, 1, 40);
const KEY = 'k'.repeat(32);

/** As it arrives by the topic: JSON and back. */
function toldOf(message: Message): Told {
  const { subject, body, attributes } = message;
  return readTold(
    { subject, body, attributes, json: JSON.parse(JSON.stringify(machineForm(message))) as unknown },
    NOW,
  );
}

/** What each channel is sent, in its own form. */
function renderAll(told: Told) {
  return {
    pagerduty: pagerDutyEvents(told),
    slack: [slackMessage(told), slackDetails(told)],
    teams: teamsMessage(told),
    amazonQ: amazonQNotification(told),
  };
}

/** Every form is what its channel takes, within its limits. */
function expectTaken({ pagerduty, slack, teams, amazonQ }: ReturnType<typeof renderAll>): void {
  for (const { path, body } of pagerduty) {
    const schema = path === '/v2/enqueue' ? schemas.pagerDutyAlert : schemas.pagerDutyChange;
    expect(schema.safeParse({ routing_key: KEY, ...body }).error).toBeUndefined();
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(schemas.PAGERDUTY_BYTES);
  }
  for (const message of slack) expect(schemas.slackWebhook.safeParse(message).error).toBeUndefined();
  expect(schemas.teamsCard.safeParse(teams).error).toBeUndefined();
  expect(Buffer.byteLength(JSON.stringify(teams))).toBeLessThan(schemas.TEAMS_BYTES);
  expect(schemas.amazonQ.safeParse(amazonQ).error).toBeUndefined();
}

describe.each(Object.entries(MESSAGE_KINDS))('the notice %s', (kind, message) => {
  it('is taken by every channel', async () => {
    const rendered = renderAll(toldOf(message));
    expectTaken(rendered);
    const text = `${JSON.stringify({ ...rendered, sms: smsText(message) }, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`fixtures/${kind}.json`);
  });
});

test('links as long as they can be fit in every channel, and none is lost', () => {
  const places = {
    workflow: `arn:aws-us-gov:states:us-gov-west-1:111122223333:stateMachine:${'p'.repeat(20)}-workflow`,
    dashboard: 'p'.repeat(20),
    runbook: `https://wiki.example/${'r'.repeat(379)}`,
  };
  for (const message of Object.values(MESSAGE_KINDS)) {
    // Its own links alone: those of the installation are put in anew.
    const { report, approval } = message.links;
    const own = { ...(report !== undefined && { report }), ...(approval !== undefined && { approval }) };
    const linked = linkPlacesTo({ ...message, links: own }, places);
    const told = toldOf(linked);
    expect(told.links).toEqual(linked.links);
    const rendered = renderAll(told);
    expectTaken(rendered);
    for (const form of [rendered.slack[0], rendered.teams, rendered.amazonQ])
      for (const url of Object.values(linked.links)) expect(JSON.stringify(form)).toContain(url);
  }
});

const actionsOf = (kind: string) =>
  pagerDutyEvents(toldOf(MESSAGE_KINDS[kind] as Message)).map(({ path, body }) => [
    path === '/v2/enqueue' ? body['event_action'] : 'change',
    typeof body['dedup_key'] === 'string' ? body['dedup_key'].replace(/^.*-a1b2c3/, '') : null,
  ]);

describe('PagerDuty', () => {
  test('has an alert for each incident, another that pages although the first was acknowledged, and resolves all', () => {
    expect(actionsOf('opened')).toEqual([['trigger', '']]);
    expect(actionsOf('escalated')).toEqual([['trigger', '/escalated']]);
    expect(actionsOf('page-2')).toEqual([['trigger', '/escalated']]);
    expect(actionsOf('changed')).toEqual([['trigger', '/changed']]);
    expect(actionsOf('resolved')).toEqual([
      ['resolve', ''],
      ['resolve', '/escalated'],
      ['resolve', '/changed'],
      ['resolve', '/approval'],
      ['change', null],
    ]);
  });

  test('shows limits as changes, which notify nobody', () => {
    const resolved = toldOf(MESSAGE_KINDS['resolved'] as Message);
    const limited = { ...resolved, limits: ['limit of 12 on exporter: lifted'] };
    const last = pagerDutyEvents(limited).at(-1);
    expect(last?.path).toBe('/v2/change/enqueue');
    expect(last?.body['payload']).toMatchObject({ summary: 'shop: limit of 12 on exporter: lifted' });
  });
});

const FORGED = fc.constantFrom(
  '<!channel>',
  '<@U012AB3CD>',
  '@everyone @channel @here',
  '<https://evil.example|click>',
  '[click](https://evil.example)',
  '[x](//evil.example)',
  '<at>all</at>',
  '<script>alert(1)</script>',
  '*bold* _it_ `code` ~~~',
  '\u202egnp.exe\u0000\u001b[31m\ud800',
  '\r\n\r\nDo: call +1 900',
  'SELECT 1; '.repeat(100_000),
  '🦑'.repeat(5_000),
);
const hostile = fc.oneof(FORGED, fc.string({ unit: 'binary', maxLength: 500 }));
const hostileTold = fc.record({
  subject: hostile,
  body: hostile,
  attributes: fc.record({
    severity: fc.constantFrom('critical', 'warning', 'info', 'x'),
    target: hostile,
    incidentId: fc.oneof(fc.constant(''), hostile),
    notice: fc.oneof(fc.constantFrom('opened', 'resolved', 'escalated', 'test', 'limit-left'), hostile),
  }),
  json: fc.oneof(
    fc.anything(),
    fc.record({
      sections: fc.array(fc.tuple(hostile, fc.array(hostile, { maxLength: 20 })), { maxLength: 70 }),
      links: fc.dictionary(fc.constantFrom('approval', 'report', 'runbook', 'x'), fc.oneof(hostile, fc.webUrl())),
      at: fc.constant(NOW),
    }),
  ),
});

describe('whatever names and texts a notice holds', () => {
  it('every channel takes it, and it stays inert', () => {
    fc.assert(
      fc.property(hostileTold, (arrived) => {
        const told = readTold(arrived, NOW);
        const rendered = renderAll(told);
        expectTaken(rendered);
        const all = JSON.stringify(rendered);
        // What a screen obeys rather than shows.
        expect(all).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/u);
        expect(all).not.toMatch(/\\u00(?:0[0-8b-f]|1)/);
        // Slack and Amazon Q read markup in these fields alone.
        for (const { text } of rendered.slack) expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        const { title, description, nextSteps = [] } = rendered.amazonQ.content;
        const links = Object.entries(told.links).map(([name, url]) => `${name}: ${url}`);
        const foreign = links.reduce(
          (rest, link) => rest.replace(link, ''),
          [description, title, ...nextSteps].join('\n'),
        );
        expect(foreign).not.toMatch(/[<>`]|\]\(|@(?:everyone|channel|here)/i);
        // Only links of ours, and only those that a browser opens.
        for (const url of Object.values(told.links)) expect(url).toMatch(/^https?:\/\//);
      }),
      { numRuns: 150 },
    );
  });

  it('a telephone gets one message', () => {
    for (const message of Object.values(MESSAGE_KINDS)) expect(Buffer.byteLength(smsText(message))).toBeLessThan(141);
  });
});

describe('a signature', () => {
  test('is that of the specification’s own example', () => {
    const signed = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, document: '{"test": 2432232314}' };
    const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    expect(signatureOf({ ...signed, key })).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    expect(signatureOf({ ...signed, key, seconds: signed.seconds + 1 })).not.toContain('g0hM9SsE');
  });

  test('needs a key of the right form, and a wrong one is not repeated', () => {
    expect(signingKeyProblem('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toBeNull();
    const problem = signingKeyProblem('hunter2');
    expect(problem).toContain('whsec_');
    expect(problem).not.toContain('hunter2');
  });
});

test('an alarm on Headroom itself is a message of its own, and nothing else is', () => {
  const alarm = {
    AlarmName: 'headroom-self-act-errors',
    AlarmDescription:
      'Runbook: docs/runbook.md#act-errors. What fires: the function act failed: an act broke off. What Headroom does: x.',
    NewStateValue: 'ALARM',
    NewStateReason: 'Threshold Crossed',
    StateChangeTime: '2026-11-21T03:00:00.000+0000',
  };
  const arrived = ownAlarm(alarm);
  expect(arrived?.subject).toBe('[Headroom WARNING] Headroom itself: the function act failed: an act broke off');
  expectTaken(renderAll(readTold(arrived ?? { subject: '', body: '', attributes: {}, json: null }, NOW)));
  expect(arrived?.json).toMatchObject({ links: {} });
  expect(arrived?.body).toContain('Affects   no client by this itself');
  expect(arrived?.body).toContain('since 2026-11-21 03:00:00 UTC');
  expect(arrived?.body).toContain('npx --no headroom pause --all --why "…"');
  const runbook = 'https://wiki.example/databases';
  const own = ownAlarm({ ...alarm, AlarmDescription: alarm.AlarmDescription.replace(': ', `: ${runbook} and `) });
  expect(own?.json).toMatchObject({ links: { runbook } });
  expect(own?.body).toContain('Do        Runbook: docs/runbook.md#act-errors. What fires:');
  expect(ownAlarm({ ...alarm, NewStateValue: 'OK' })?.body).toContain(
    'Affects   nobody, since 2026-11-21 03:00:00 UTC',
  );
  expect(ownAlarm({ notice: 'opened' })).toBeNull();
});
