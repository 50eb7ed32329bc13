import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import * as z from 'zod';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import { localClientConfig } from '../machine/client-config.ts';
import { requireRunKey } from '../machine/run-key.ts';
import type { Notice } from './deliver.ts';

export interface LocalTopic {
  readonly url: string;
  readonly arn: string;
  /** Resolves when every message that the topic took has been handled. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts SNS and SQS on loopback with one topic and a queue subscribed to it. `onNotice` gets every message, one after
 * another, in the order in which they came.
 */
export async function startTopic(name: string, onNotice: (notice: Notice) => Promise<void>): Promise<LocalTopic> {
  const app = buildApp({ logger: false });
  let taken = 0;
  app.addHook('preHandler', (request, reply, done) => {
    const problem = publishProblem(request.body);
    if (problem === null) return done();
    void reply.status(400).header('content-type', 'text/xml').send(errorXml(problem));
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isPublish(request.body) && reply.statusCode === 200) taken += 1;
    done(null, payload);
  });
  // A caller may be frozen for long and expects its connections to be there when it thaws.
  app.server.keepAliveTimeout = 0;
  requireRunKey(app.server);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });

  const sns = new SNSClient(localClientConfig(url));
  const sqs = new SQSClient({ ...localClientConfig(url), useQueueUrlAsEndpoint: false });
  const arn = String((await sns.send(new CreateTopicCommand({ Name: name }))).TopicArn);
  const queue = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-reader` }));
  const QueueUrl = String(queue.QueueUrl);
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  await sns.send(new SubscribeCommand({ TopicArn: arn, Protocol: 'sqs', Endpoint: String(Attributes?.['QueueArn']) }));
  sns.destroy();

  const stopping = new AbortController();
  let handled = 0;
  let waiting: (() => void)[] = [];
  const read = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MaxNumberOfMessages: 1 }),
        { abortSignal: stopping.signal },
      );
      for (const { Body: body, ReceiptHandle } of messages) {
        await onNotice(readEnvelope(String(body)));
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        handled += 1;
      }
      if (handled >= taken) waiting = waiting.flatMap((resolve) => (resolve(), []));
    }
  };
  const reading = read().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });

  return {
    url,
    arn,
    settled: () => (handled >= taken ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    async stop() {
      stopping.abort();
      await reading;
      waiting.forEach((resolve) => resolve());
      sqs.destroy();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

const publishParameters = z.object({
  Action: z.literal('Publish'),
  Subject: z.string().optional(),
  Message: z.string().optional(),
  MessageStructure: z.string().optional(),
});

function isPublish(body: unknown): boolean {
  return publishParameters.safeParse(body).success;
}

/** What AWS refuses and this SNS would take; null when there is nothing. */
function publishProblem(body: unknown): string | null {
  const parsed = publishParameters.safeParse(body);
  if (!parsed.success) return null;
  const { Subject: subject, Message: message = '', MessageStructure: structure } = parsed.data;
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) return 'Invalid parameter: Subject';
  if (structure === undefined) return null;
  if (structure !== 'json') return 'Invalid parameter: MessageStructure';
  return representations.safeParse(parseJson(message)).success
    ? null
    : 'Invalid parameter: Message Structure - No default entry in JSON message body';
}

function errorXml(message: string): string {
  return `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>${message}</Message></Error><RequestId>local</RequestId></ErrorResponse>`;
}

const envelope = z.object({
  Subject: z.string().optional(),
  Message: z.string(),
  MessageAttributes: z.record(z.string(), z.object({ Value: z.string() })).default({}),
});
/** A message with one form per kind of subscription. AWS delivers one of them; this SNS leaves them together. */
const representations = z.looseObject({ default: z.string(), sqs: z.string().optional() });

function readEnvelope(body: string): Notice {
  const { Subject: subject = '', Message: message, MessageAttributes } = envelope.parse(JSON.parse(body));
  const attributes = Object.fromEntries(Object.entries(MessageAttributes).map(([name, { Value }]) => [name, Value]));
  const forms = representations.safeParse(parseJson(message));
  if (!forms.success) return { subject, body: message, attributes, json: null };
  return { subject, body: forms.data.default, attributes, json: parseJson(forms.data.sqs ?? 'null') };
}
