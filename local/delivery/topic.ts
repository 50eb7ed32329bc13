import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { buildApp } from 'fauxqs';
import * as z from 'zod';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import { localClientConfig } from '../machine/client-config.ts';
import { requireRunKey } from '../machine/run-key.ts';
import type { Notice } from './deliver.ts';

export interface LocalTopic {
  readonly url: string;
  readonly arn: string;
  /** Resolves when every message so far has been handled. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Gets every message and returns why it could not be delivered; empty when it was. */
export type HandNotice = (notice: Notice) => Promise<string>;

/**
 * Starts SNS on loopback with one topic. `handOver` gets every message, one after another, in the order in which they
 * came. A message that it cannot deliver is refused, so that whoever publishes knows, records it and tries again.
 */
export async function startTopic(name: string, handOver: HandNotice): Promise<LocalTopic> {
  const app = buildApp({ logger: false });
  let last: Promise<unknown> = Promise.resolve();
  app.addHook('preHandler', async (request, reply) => {
    const published = publishParameters.safeParse(request.body);
    if (!published.success) return;
    const refuse = (code: string, message: string) =>
      reply.status(400).header('content-type', 'text/xml').send(errorXml(code, message));
    const problem = publishProblem(published.data);
    if (problem !== null) return refuse('InvalidParameter', problem);
    const handled = last.then(() => handOver(noticeOf(published.data)));
    last = handled.catch(() => undefined);
    const failure = await handled;
    if (failure !== '') return refuse('NotDelivered', failure);
  });
  // A caller may be frozen for long and expects its connections to be there when it thaws.
  app.server.keepAliveTimeout = 0;
  requireRunKey(app.server);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const sns = new SNSClient(localClientConfig(url));
  const arn = String((await sns.send(new CreateTopicCommand({ Name: name }))).TopicArn);
  sns.destroy();
  return {
    url,
    arn,
    async settled() {
      await last;
    },
    async stop() {
      await last;
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

/** As the query protocol writes them: `MessageAttributes.entry.1.Name`. */
const publishParameters = z.looseObject({
  Action: z.literal('Publish'),
  Subject: z.string().optional(),
  Message: z.string().default(''),
  MessageStructure: z.string().optional(),
});
type PublishParameters = z.infer<typeof publishParameters>;

/** What AWS refuses and this SNS would take; null when there is nothing. */
function publishProblem({ Subject: subject, Message: message, MessageStructure: structure }: PublishParameters) {
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) return 'Invalid parameter: Subject';
  if (structure === undefined) return null;
  if (structure !== 'json') return 'Invalid parameter: MessageStructure';
  return representations.safeParse(parseJson(message)).success
    ? null
    : 'Invalid parameter: Message Structure - No default entry in JSON message body';
}

function errorXml(code: string, message: string): string {
  const escaped = message.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped}</Message></Error><RequestId>local</RequestId></ErrorResponse>`;
}

/** A message with one form per kind of subscription. */
const representations = z.looseObject({ default: z.string(), sqs: z.string().optional() });

function noticeOf(published: PublishParameters): Notice {
  const { Subject: subject = '', Message: message, MessageStructure: structure } = published;
  const attributes = attributesOf(published);
  const forms = structure === undefined ? null : representations.parse(parseJson(message));
  if (forms === null) return { subject, body: message, attributes, json: null };
  return { subject, body: forms.default, attributes, json: parseJson(forms.sqs ?? 'null') };
}

function attributesOf(published: PublishParameters): Record<string, string> {
  const names = Object.entries(published).flatMap(([key, name]) => {
    const entry = /^(MessageAttributes\.entry\.\d+)\.Name$/.exec(key)?.[1];
    return entry === undefined ? [] : [[String(name), published[`${entry}.Value.StringValue`]] as const];
  });
  return Object.fromEntries(names.map(([name, value]) => [name, typeof value === 'string' ? value : '']));
}
