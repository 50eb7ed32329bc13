import { PublishCommand, SNSClient, type MessageAttributeValue } from '@aws-sdk/client-sns';
import { machineForm } from '../../core/messages/form/build.ts';
import { smsText } from '../../core/channels/sms.ts';
import { linkPlacesTo, type LinkPlaces } from '../../core/messages/form/places.ts';
import type { Message } from '../../core/messages/message.ts';
import { gathering } from '../../core/ports/gathering.ts';
import type { Notifier } from '../../core/ports/outside.ts';
import { jsonText } from '../../core/words/json-text.ts';
import { incidentStoreFromEnvironment } from '../incident-store/store.ts';
import { readEnvironment } from '../process/environment.ts';
import { clipBytes } from '../process/fit.ts';
import { once } from '../process/once.ts';
import { placesFromEnvironment } from '../process/places.ts';

export interface NotifierOptions {
  readonly client: SNSClient;
  readonly topicArn: string;
  /** What every message links to, beside what it links to by itself. */
  readonly places: LinkPlaces;
}

/** SNS takes 262,144 bytes, the attributes included. */
const MAX_BYTES = 250_000;
/** Escaped at worst six times as long. */
const MAX_TEXT_BYTES = 40_000;
/** Machines read these protocols, and get the JSON form with the text in it; people get the text. */
const MACHINES = ['sqs', 'lambda', 'http', 'https', 'firehose'] as const;

/** Publishes to an SNS topic. Errors of SNS come through unchanged. */
export function createNotifier({ client, topicArn, places }: NotifierOptions): Notifier {
  return {
    async publish(composed) {
      const message = linkPlacesTo(composed, places);
      await client.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: message.subject,
          MessageStructure: 'json',
          Message: representations(message),
          MessageAttributes: attributes(message),
        }),
      );
      return 'published';
    },
  };
}

/** On the topic of this function's environment (`HEADROOM_TOPIC_ARN`), few at a time, one per process. */
export const notifierFromEnvironment = once((): Notifier => {
  const { HEADROOM_TOPIC_ARN: topicArn } = readEnvironment(['HEADROOM_TOPIC_ARN']);
  // A topic in trouble must not hold up relief: two tries of 3 s at the most, then the reconciler tries again later.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
  const notifier = createNotifier({
    client: new SNSClient({ requestHandler, maxAttempts: 2 }),
    topicArn,
    places: placesFromEnvironment(),
  });
  return gathering(notifier, incidentStoreFromEnvironment(), Date.now);
});

/** What each protocol gets. A JSON form that would not fit, five times over, gives way to its outline. */
function representations(message: Message): string {
  const text = clipBytes(message.body, MAX_TEXT_BYTES);
  const { subject, attributes: outline } = message;
  const texts = { default: text, sms: smsText(message) };
  const whole = representationsOf(texts, machineForm(message, text));
  return Buffer.byteLength(whole) <= MAX_BYTES
    ? whole
    : representationsOf(texts, { ...outline, subject, truncated: true });
}

function representationsOf(texts: Readonly<Record<string, string>>, forMachines: object): string {
  const json = jsonText(forMachines);
  return jsonText({ ...texts, ...Object.fromEntries(MACHINES.map((protocol) => [protocol, json])) });
}

function attributes(message: Message): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(message.attributes)
      // SNS refuses a message with an empty attribute.
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );
}
