import { ListTopicsCommand, PublishCommand, SNSClient, type PublishCommandInput } from '@aws-sdk/client-sns';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCourier } from '../../../local/delivery/courier.ts';
import { channelsOf, type DeliverySettings, type Notice } from '../../../local/delivery/deliver.ts';
import { startTopic } from '../../../local/delivery/topic.ts';
import { localClientConfig } from '../../../local/machine/client-config.ts';
import { serveLoopback } from '../../../local/machine/loopback-server.ts';
import { makeFolder, STRANGERS_KEYS } from '../workbench.ts';

interface Bench {
  readonly url: string;
  readonly notices: Notice[];
  readonly settled: () => Promise<void>;
  readonly publish: (change: Partial<PublishCommandInput>) => Promise<unknown>;
}

const deliver = (notice: Notice, settings: DeliverySettings) => createCourier(channelsOf(settings)).deliver(notice);

async function start(delayMs = 0, failure = ''): Promise<Bench> {
  const notices: Notice[] = [];
  const topic = await startTopic('headroom-notices', async (notice) => {
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    notices.push(notice);
    return failure;
  });
  const client = new SNSClient(localClientConfig(topic.url));
  onTestFinished(async () => {
    client.destroy();
    await topic.stop();
  });
  return {
    url: topic.url,
    notices,
    settled: () => topic.settled(),
    publish: (change) => client.send(new PublishCommand({ TopicArn: topic.arn, Message: 'text', ...change })),
  };
}

test('whatever a subject holds, a command gets one line of printable ASCII', async () => {
  const folder = await makeFolder();
  const subject = 'a\u0000b\u001b[2J\u009b\u202e\nBcc: x@evil.example\r\u2028' + 'é'.repeat(500);
  const notice = { subject, body: 'x', attributes: {}, json: { name: 'n\u202e\u009b' } };
  await deliver(notice, { command: `printf %s "$HEADROOM_SUBJECT" > ${folder}/subject; cat > ${folder}/document` });
  expect(await readFile(join(folder, 'subject'), 'utf8')).toMatch(/^[\x20-\x7e]{1,99}$/);
  const document = await readFile(join(folder, 'document'), 'utf8');
  expect(document).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(document)).toMatchObject({ notice: { name: 'n\u202e\u009b' } });
});

describe('the topic', () => {
  test('lives on loopback in the account of local runs and hands every message on, in order', async () => {
    const { url, notices, settled, publish } = await start(20);
    expect(new URL(url).hostname).toBe('127.0.0.1');
    await publish({ Subject: 'first', MessageAttributes: { severity: { DataType: 'String', StringValue: 'info' } } });
    await publish({ Subject: 'second' });
    await settled();
    expect(notices).toEqual([
      { subject: 'first', body: 'text', attributes: { severity: 'info' }, json: null },
      { subject: 'second', body: 'text', attributes: {}, json: null },
    ]);
    await settled();
  });

  test('takes nothing from whoever does not have the key of this run', async () => {
    const { url, notices, publish } = await start();
    for (const credentials of STRANGERS_KEYS) {
      const stranger = new SNSClient({ ...localClientConfig(url), maxAttempts: 1, credentials });
      await expect(stranger.send(new ListTopicsCommand({}))).rejects.toThrow();
      await expect(
        stranger.send(
          new PublishCommand({ TopicArn: 'arn:aws:sns:us-east-1:000000000000:headroom-notices', Message: 'x' }),
        ),
      ).rejects.toThrow();
    }
    expect((await fetch(url)).status).toBe(403);
    await publish({ Subject: 'mine' });
    await expect.poll(() => notices.map(({ subject }) => subject)).toEqual(['mine']);
  });

  test('takes a message in several forms: the text for people, the JSON for machines', async () => {
    const { notices, settled, publish } = await start();
    const forms = { default: 'wake up', sqs: JSON.stringify({ incidentId: 'i1' }) };
    await publish({ MessageStructure: 'json', Message: JSON.stringify(forms) });
    await settled();
    expect(notices).toMatchObject([{ body: 'wake up', json: { incidentId: 'i1' } }]);
  });

  test.each<[string, Partial<PublishCommandInput>]>([
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }],
    ['a subject with a line break', { Subject: 'one\ntwo' }],
    ['a subject beyond ASCII', { Subject: 'größer' }],
    ['a subject that begins with a blank', { Subject: ' x' }],
    ['forms without a default', { MessageStructure: 'json', Message: '{"sqs":"x"}' }],
    ['forms that are no JSON', { MessageStructure: 'json', Message: 'x' }],
  ])('refuses %s, as AWS does', async (_, change) => {
    const { notices, publish } = await start();
    await expect(publish(change)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    expect(notices).toEqual([]);
  });

  test('takes a subject of 100 characters', async () => {
    const { publish } = await start();
    await expect(publish({ Subject: 'x'.repeat(100) })).resolves.toBeDefined();
  });
});

test('a topic that cannot deliver says why to whoever publishes', async () => {
  const { publish, notices } = await start(0, 'notify.webhook answered 400 <&>');
  await expect(publish({ Subject: 'first' })).rejects.toMatchObject({
    name: 'NotDelivered',
    message: 'notify.webhook answered 400 <&>',
  });
  expect(notices).toHaveLength(1);
});

describe('delivery', () => {
  const notice: Notice = {
    subject: 'orders: relieved',
    body: 'text',
    attributes: { severity: 'info' },
    json: { incidentId: 'i1' },
  };
  const sent = { subject: notice.subject, body: 'text', attributes: notice.attributes, notice: notice.json };

  test('by command: the JSON on its input, the subject in its environment', async () => {
    const file = join(await makeFolder(), 'out');
    await deliver(notice, { command: `(echo "$HEADROOM_SUBJECT"; cat) > ${file}` });
    const [subject, json = ''] = (await readFile(file, 'utf8')).split('\n');
    expect(subject).toBe('orders: relieved');
    expect(JSON.parse(json)).toEqual(sent);
  });

  test('by webhook: the JSON posted', async () => {
    const bodies: unknown[] = [];
    const server = await serveLoopback(
      createServer((request, response) => {
        void text(request).then((body) => {
          bodies.push(JSON.parse(body));
          response.end();
        });
      }),
    );
    onTestFinished(() => server.stop());
    await deliver(notice, { webhook: server.url });
    expect(bodies).toEqual([sent]);
  });

  test('that fails says why, after every way was tried, and does not repeat the URL', async () => {
    const server = await serveLoopback(createServer((_, response) => response.writeHead(503).end()));
    onTestFinished(() => server.stop());
    const failed = deliver(notice, { command: 'echo no pager >&2; exit 3', webhook: `${server.url}/token` });
    await expect(failed).rejects.toThrow('notify.command ended with status 3: no pager; ');
    await expect(failed).rejects.toThrow('notify.webhook answered 503');
    await expect(failed).rejects.not.toThrow('token');
  });

  test('that failed by one channel is reported by another, once, and is sent again only where it failed', async () => {
    let status = 400;
    const posted: unknown[] = [];
    const server = await serveLoopback(
      createServer((request, response) => {
        void text(request).then((body) => {
          posted.push((JSON.parse(body) as { subject: string }).subject);
          response.writeHead(status).end();
        });
      }),
    );
    onTestFinished(() => server.stop());
    const file = join(await makeFolder(), 'out');
    const courier = createCourier(channelsOf({ command: `(cat; echo) >> ${file}`, webhook: `${server.url}/token` }));
    const relieved = { ...notice, attributes: { target: 'orders', incidentId: 'i1', notice: 'resolved' } };
    await expect(courier.deliver(relieved)).rejects.toThrow('notify.webhook answered 400');
    // Composed anew, as whoever tries again does.
    await expect(courier.deliver({ ...relieved, body: 'a later text' })).rejects.toThrow('answered 400');
    status = 200;
    await courier.deliver(relieved);
    await courier.deliver(relieved);
    const subjects = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Notice).subject);
    expect(subjects).toEqual([
      'orders: relieved',
      '[Headroom WARNING] orders: notices do not arrive by notify.webhook',
    ]);
    expect(await readFile(file, 'utf8')).not.toContain('token');
    expect(posted).toEqual(Array(3).fill('orders: relieved'));
  });

  test('by a command that does not read its input is a delivery', async () => {
    await expect(deliver(notice, { command: 'true' })).resolves.toBeUndefined();
  });
});
