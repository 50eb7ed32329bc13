import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { ChannelSettings, SecretPlace } from '../../../functions/core/channels/settings.ts';
import type { Arrived } from '../../../functions/core/channels/told.ts';
import { signatureOf } from '../../../functions/core/channels/webhook.ts';
import { machineForm } from '../../../functions/core/messages/form/build.ts';
import { channelsFor } from '../../../functions/senders/channels.ts';
import { post } from '../../../functions/senders/post.ts';
import { serveLoopback } from '../../../local/machine/loopback-server.ts';
import * as schemas from '../../support/channel-schemas.ts';
import { MESSAGE_KINDS } from '../../support/message-kinds.ts';

const SIGNING_KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ROUTING_KEY = 'k'.repeat(32);
const TOKEN = 'xoxb-secret';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Reply = readonly [status: number, body: string, headers?: Record<string, string>];

/** Every channel on loopback. Whatever breaks a channel's published form is refused as the channel would. */
async function startReceiver(replies: Reply[] = []) {
  const received: Received[] = [];
  const server = await serveLoopback(
    createServer((request, response) => {
      void text(request).then((body) => {
        const path = request.url ?? '';
        received.push({ path, headers: request.headers, body });
        const [status, answer, headers = {}] = replies.shift() ?? judge(path, body);
        response.writeHead(status, headers).end(answer);
      });
    }),
  );
  onTestFinished(() => server.stop());
  return { url: server.url.replace(/\/$/, ''), received };
}

const SCHEMAS = {
  '/v2/enqueue': [schemas.pagerDutyAlert, 202],
  '/v2/change/enqueue': [schemas.pagerDutyChange, 202],
  '/chat.postMessage': [schemas.slackPost, 200],
  '/chat.update': [schemas.slackUpdate, 200],
  '/slack-hook': [schemas.slackWebhook, 200],
  '/teams-hook': [schemas.teamsCard, 202],
} as const;

function judge(path: string, body: string): Reply {
  if (path === '/webhook') return [200, 'ok'];
  const [schema, status] = SCHEMAS[path as keyof typeof SCHEMAS];
  if (!schema.safeParse(JSON.parse(body)).success) return [400, 'invalid'];
  return [status, JSON.stringify({ ok: true, ts: '1700000000.000100' })];
}

interface Bench {
  readonly published: [string, string][];
  readonly send: (kind: string) => Promise<PromiseSettledResult<void>[]>;
}

function bench(settings: ChannelSettings, secrets: Record<string, string>): Bench {
  const published: [string, string][] = [];
  const threads = new Map<string, string>();
  const channels = channelsFor(settings, {
    secretOf: (place: SecretPlace) => Promise.resolve(secrets['variable' in place ? place.variable : ''] ?? ''),
    publish(topicArn, message) {
      published.push([topicArn, message]);
      return Promise.resolve();
    },
    threads: {
      of: (incidentId) => Promise.resolve(threads.get(incidentId) ?? null),
      begin(incidentId, id) {
        threads.set(incidentId, id);
        return Promise.resolve();
      },
    },
    now: () => 1_700_000_000_000,
    isPatient: false,
  });
  return {
    published,
    send: (kind) => Promise.allSettled(channels.map((channel) => channel.send(arrivedOf(kind)))),
  };
}

function arrivedOf(kind: string): Arrived {
  const message = MESSAGE_KINDS[kind];
  if (message === undefined) throw new Error(`no such kind: ${kind}`);
  const { subject, body, attributes } = message;
  return { subject, body, attributes, json: machineForm(message) };
}

const at = (variable: string): SecretPlace => ({ variable });

test('every kind of notice is taken by every channel at once', async () => {
  const { url, received } = await startReceiver();
  const { send, published } = bench(
    {
      pagerduty: { routingKey: at('PD'), url },
      slack: { webhookUrl: at('SLACK') },
      teams: { webhookUrl: at('TEAMS') },
      amazonQ: { topicArn: 'arn:aws:sns:eu-west-1:111122223333:chat' },
      webhook: { url: `${url}/webhook`, signingKey: at('KEY') },
    },
    { PD: ROUTING_KEY, SLACK: `${url}/slack-hook`, TEAMS: `${url}/teams-hook`, KEY: SIGNING_KEY },
  );
  const kinds = Object.keys(MESSAGE_KINDS);
  for (const kind of kinds) expect((await send(kind)).map(({ status }) => status)).toEqual(Array(5).fill('fulfilled'));
  expect(published).toHaveLength(kinds.length);
  for (const [, text_] of published) expect(schemas.amazonQ.safeParse(JSON.parse(text_)).error).toBeUndefined();
  const signed = received.filter(({ path }) => path === '/webhook');
  expect(signed).toHaveLength(kinds.length);
  for (const { headers, body } of signed) {
    const given = schemas.signedHeaders.parse(headers);
    const seconds = Number(given['webhook-timestamp']);
    const expected = signatureOf({ id: given['webhook-id'], seconds, document: body, key: SIGNING_KEY });
    expect(given['webhook-signature']).toBe(expected);
  }
});

test('a bot has one message for an incident: details in its thread, pages aloud, and the first one kept up to date', async () => {
  const { url, received } = await startReceiver();
  const { send } = bench({ slack: { botToken: at('TOKEN'), channel: 'C0123456789', url } }, { TOKEN });
  for (const kind of ['opened', 'escalated', 'resolved']) {
    expect(await send(kind)).toMatchObject([{ status: 'fulfilled' }]);
  }
  const calls = received.map(({ path, body }) => {
    const { thread_ts: thread, ts, reply_broadcast: aloud, text: words } = JSON.parse(body) as Record<string, string>;
    return [path, thread ?? ts ?? null, aloud === undefined ? null : true, words?.slice(0, 2).trim()];
  });
  const first = '1700000000.000100';
  expect(calls).toEqual([
    ['/chat.postMessage', null, null, '🔴'],
    ['/chat.postMessage', first, null, '🔴'],
    ['/chat.postMessage', first, true, '🔴'],
    ['/chat.update', first, null, '🔴'],
    ['/chat.postMessage', first, null, '✅'],
    ['/chat.update', first, null, '✅'],
  ]);
  for (const { headers } of received) expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
});

test('one that fails holds up no other, and its error names neither URL nor secret', async () => {
  const { url, received } = await startReceiver();
  const { send } = bench(
    {
      slack: { botToken: at('TOKEN'), channel: 'C0123456789', url: 'http://127.0.0.1:2' },
      teams: { webhookUrl: at('TEAMS') },
      webhook: { url: `${url}/webhook`, signingKey: at('KEY') },
    },
    { TOKEN, TEAMS: `${url}/teams-hook`, KEY: 'hunter2' },
  );
  const outcomes = await send('opened');
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  const errors = outcomes.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : [])).join('\n');
  expect(errors).toContain('notify.slack: ECONNREFUSED');
  expect(errors).toContain('notify.webhook: the signing key must be');
  expect(errors).not.toMatch(/xoxb|hunter2|127\.0\.0\.1/);
  expect(received.map(({ path }) => path)).toEqual(['/teams-hook']);
});

test('is sent again after 429, 5xx and no answer, never after 400, and follows no redirection', async () => {
  const patience = { limitMs: 2_000, waitsMs: [1, 1, 1] };
  const request = (url: string) => ({ url, headers: {}, body: '{}' });
  const busy = await startReceiver([
    [429, '', { 'retry-after': '0' }],
    [503, ''],
    [202, '{"ok":true}'],
  ]);
  await expect(post('notify.x', request(`${busy.url}/webhook`), patience)).resolves.toMatchObject({ status: 202 });
  expect(busy.received).toHaveLength(3);
  const bad = await startReceiver([[400, 'invalid_payload\u001b[31m']]);
  await expect(post('notify.x', request(`${bad.url}/webhook`), patience)).rejects.toThrow(
    /^notify\.x answered 400: invalid_payload·\[31m$/,
  );
  expect(bad.received).toHaveLength(1);
  const moved = await startReceiver([[302, '', { location: `${bad.url}/webhook` }]]);
  await expect(post('notify.x', request(`${moved.url}/webhook`), patience)).rejects.toThrow('answered 302');
  expect(bad.received).toHaveLength(1);
});
