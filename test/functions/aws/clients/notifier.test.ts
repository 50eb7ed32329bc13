import { SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs, type FauxqsServer } from 'fauxqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNotifier } from '../../../../functions/aws/clients/notifier.ts';
import type { LinkPlaces } from '../../../../functions/core/messages/form/places.ts';
import type { Message } from '../../../../functions/core/messages/message.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

const MESSAGE: Message = {
  subject: '[Headroom] orders: relieved, 97% -> 64%, 12 sessions ended',
  body: 'orders has its connections back.\n',
  sections: [['Do', ['Nothing now.']]],
  links: { report: 'https://report.example/' },
  json: { schema: 1, usageBefore: 97 },
  attributes: { severity: 'info', outcome: 'relieved', target: 'orders', incidentId: 'orders-1', notice: 'resolved' },
};

let sns: FauxqsServer;
let endpoint: ScriptedEndpoint;
const clients: { destroy(): void }[] = [];
let topicArn: string;
let queueUrl: string;

beforeAll(async () => {
  sns = await startFauxqs({ port: 0, logger: false });
  ({ topicArn } = sns.createTopic('notices'));
  ({ queueUrl } = sns.createQueue('machines'));
  sns.subscribe({ topic: 'notices', queue: 'machines' });
  endpoint = await startScriptedEndpoint();
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await sns.stop();
  await endpoint.stop();
});

const config = (server: string) => ({
  endpoint: server,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
});

function notifierAt(server: string, { topic = topicArn, places = {} }: { topic?: string; places?: LinkPlaces } = {}) {
  const client = new SNSClient(config(server));
  clients.push(client);
  return createNotifier({ client, topicArn: topic, places });
}

/** The local SNS delivers the whole document; AWS picks the representation of the subscription's protocol from it. */
async function receive() {
  const client = new SQSClient(config(sns.address));
  clients.push(client);
  const { Messages: [message] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
  const envelope = JSON.parse(message?.Body ?? 'null') as {
    Subject: string;
    Message: string;
    MessageAttributes: Record<string, { Value: string }>;
  };
  return { ...envelope, byProtocol: JSON.parse(envelope.Message) as Record<string, string> };
}

it('gives people the text and machines the JSON form with the text in it, with attributes to filter by', async () => {
  await notifierAt(sns.address).publish(MESSAGE);
  const received = await receive();
  expect(received.Subject).toBe(MESSAGE.subject);
  expect(received.byProtocol['default']).toBe(MESSAGE.body);
  expect(received.byProtocol).not.toHaveProperty('email');
  expect(received.byProtocol['sms']).toBe(`${MESSAGE.subject} (incident orders-1)`);
  for (const protocol of ['sqs', 'lambda', 'https']) {
    const json: unknown = JSON.parse(received.byProtocol[protocol] ?? 'null');
    const { subject, body: text, sections, links } = MESSAGE;
    expect(json).toEqual({ ...MESSAGE.json, subject, text, sections, links });
  }
  const attributes = Object.entries(received.MessageAttributes).map(([name, { Value: value }]) => [name, value]);
  expect(Object.fromEntries(attributes)).toEqual(MESSAGE.attributes);
});

it('adds what every message of the installation links to, for people and machines', async () => {
  const runbook = 'https://wiki.example/headroom';
  await notifierAt(sns.address, { places: { runbook } }).publish(MESSAGE);
  const { byProtocol } = await receive();
  expect(byProtocol['default']).toContain(`runbook: ${runbook}\n`);
  expect(JSON.parse(byProtocol['lambda'] ?? 'null')).toMatchObject({ links: { ...MESSAGE.links, runbook } });
});

it('leaves out an empty attribute, which SNS refuses', async () => {
  await notifierAt(sns.address).publish({ ...MESSAGE, attributes: { ...MESSAGE.attributes, outcome: '' } });
  expect((await receive()).MessageAttributes).not.toHaveProperty('outcome');
});

it('keeps whatever message within what SNS takes', async () => {
  const hostile = '"\\🦑\u0001'.repeat(30_000);
  await notifierAt(sns.address).publish({ ...MESSAGE, body: hostile, json: { hostile } });
  const { Message: sent, byProtocol } = await receive();
  expect(Buffer.byteLength(sent)).toBeLessThan(262_144);
  expect(byProtocol['default']?.startsWith('"\\🦑')).toBe(true);
  expect(JSON.parse(byProtocol['sqs'] ?? 'null')).toEqual({
    ...MESSAGE.attributes,
    subject: MESSAGE.subject,
    truncated: true,
  });
});

it('throws when the topic does not take the message', async () => {
  await expect(notifierAt(sns.address, { topic: `${topicArn}-gone` }).publish(MESSAGE)).rejects.toMatchObject({
    name: expect.stringContaining('NotFound') as string,
  });
  endpoint.script('hang up');
  await expect(notifierAt(endpoint.config.endpoint).publish(MESSAGE)).rejects.toThrow();
});
