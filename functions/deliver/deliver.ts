import * as z from 'zod/mini';
import { ownAlarm } from '../core/channels/own-alarm.ts';
import type { Arrived } from '../core/channels/told.ts';
import type { Deliveries } from '../core/ports/deliveries.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { NoticeUndelivered } from '../core/protocol/errors.ts';
import type { NoticeAttempt } from '../core/record/notice.ts';
import { errorWords } from '../core/words/error-words.ts';
import { parseJson } from '../core/words/parse-json.ts';
import { parseRequest } from '../core/protocol/request.ts';

/** One way by which messages reach people. */
interface Channel {
  readonly name: string;
  send(message: Arrived): Promise<void>;
}

export interface DeliverDependencies {
  readonly channels: readonly Channel[];
  readonly deliveries: Pick<Deliveries, 'takenBy' | 'markTaken'>;
  readonly store: Pick<IncidentStore, 'notices'>;
  readonly now: () => number;
}

/** What a topic hands to a function. */
const topicEvent = z.object({
  Records: z.array(
    z.object({
      Sns: z.object({
        MessageId: z.string(),
        Subject: z.optional(z.nullable(z.string())),
        Message: z.string(),
        MessageAttributes: z.catch(z.record(z.string(), z.object({ Value: z.string() })), {}),
      }),
    }),
  ),
});

export interface Delivered {
  /** How many channels have taken their message now. */
  readonly delivered: number;
}

/**
 * Sends what the notices topic hands over by every channel that has not taken it yet. No channel waits for another.
 * Each attempt is recorded with its incident. Throws NoticeUndelivered, after all were tried, so that the topic's
 * message is handed over again.
 */
export async function deliver(payload: unknown, deps: DeliverDependencies): Promise<Delivered> {
  const { Records: records } = parseRequest(topicEvent, payload);
  const failures: string[] = [];
  let delivered = 0;
  for (const { Sns: message } of records) {
    const taken = await deps.deliveries.takenBy(message.MessageId);
    const owing = deps.channels.filter(({ name }) => !taken.has(name));
    const arrived = arrivedOf(message);
    const tried = await Promise.all(owing.map((channel) => tryOn(channel, arrived, message.MessageId, deps)));
    for (const reason of tried) {
      if (reason === '') delivered++;
      else failures.push(reason);
    }
  }
  if (failures.length > 0) throw new NoticeUndelivered(failures);
  return { delivered };
}

/** Why the channel did not take the message; empty when it did. */
async function tryOn(
  channel: Channel,
  message: Arrived,
  messageId: string,
  { deliveries, store, now }: DeliverDependencies,
): Promise<string> {
  const error = await channel.send(message).then(
    () => '',
    (thrown: unknown) => errorWords(thrown).slice(0, 300),
  );
  // What was sent is not sent again because it could not be noted.
  if (error === '') await deliveries.markTaken(messageId, channel.name, now()).catch(() => undefined);
  const { incidentId = '', notice = '' } = message.attributes;
  if (incidentId !== '') {
    const attempt = { notice: notice as NoticeAttempt['notice'], channel: channel.name, at: now() };
    const recorded = store.notices.recordAttempt(incidentId, { ...attempt, delivered: error === '', error });
    await recorded.catch(() => undefined);
  }
  return error;
}

type TopicMessage = z.infer<typeof topicEvent>['Records'][number]['Sns'];

function arrivedOf({ Subject: subject, Message: text, MessageAttributes: attributes }: TopicMessage): Arrived {
  const json = parseJson(text);
  const alarm = ownAlarm(json);
  if (alarm !== null) return alarm;
  const whole = z.object({ text: z.string() }).safeParse(json);
  return {
    subject: subject ?? '',
    body: whole.success ? whole.data.text : text,
    attributes: Object.fromEntries(Object.entries(attributes).map(([name, { Value: value }]) => [name, value])),
    json,
  };
}
