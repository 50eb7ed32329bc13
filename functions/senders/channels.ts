import * as z from 'zod/mini';
import { amazonQNotification } from '../core/channels/amazon-q.ts';
import { pagerDutyEvents } from '../core/channels/pagerduty.ts';
import { postJson } from '../core/channels/request.ts';
import type { ChannelName, ChannelSettings, SecretPlace } from '../core/channels/settings.ts';
import { slackDetails, slackMessage } from '../core/channels/slack.ts';
import { teamsMessage } from '../core/channels/teams.ts';
import { readTold, type Arrived, type Told } from '../core/channels/told.ts';
import { signedRequest, signingKeyProblem, webhookDocument } from '../core/channels/webhook.ts';
import { printable } from '../core/words/printable.ts';
import { post, type Patience } from './post.ts';

/** Where messages of an incident go on: the first message of each in a channel, by its own id. */
interface Threads {
  of(incidentId: string): Promise<string | null>;
  begin(incidentId: string, messageId: string): Promise<void>;
}

/** What channels need from outside. */
export interface ChannelDependencies {
  /** Throws, in words without the secret, when it cannot be had. */
  readonly secretOf: (place: SecretPlace) => Promise<string>;
  /** Publishes a text to another topic; channels that are topics cannot be had without it. */
  readonly publish: (topicArn: string, text: string) => Promise<void>;
  readonly threads: Threads;
  readonly now: () => number;
  /** Whether a sender has time to try again itself. If not, whoever hands it the message does. */
  readonly isPatient: boolean;
}

/** One way by which messages reach people. */
export interface Channel {
  /** Its field of the configuration. */
  readonly name: `notify.${ChannelName}`;
  /** Throws, in words, when the message does not get through. */
  send(message: Arrived): Promise<void>;
}

/** As each wants to be tried again: PagerDuty suggests three times, 30 s apart; the others answer 429 with a time. */
const WAITS_MS: Readonly<Record<ChannelName, readonly number[]>> = {
  pagerduty: [30_000, 30_000, 30_000],
  slack: [2_000, 10_000, 30_000],
  teams: [2_000, 10_000, 30_000],
  webhook: [1_000, 5_000, 25_000],
  // The SDK tries again by itself.
  amazonQ: [],
};
const LIMIT_MS = 10_000;

type Sender = (told: Told, arrived: Arrived, patience: Patience) => Promise<void>;

/** The channels that are configured. Each is independent of the others. */
export function channelsFor(settings: ChannelSettings, deps: ChannelDependencies): readonly Channel[] {
  const { pagerduty, slack, teams, amazonQ, webhook } = settings;
  const senders: Partial<Record<ChannelName, Sender>> = {
    ...(pagerduty && { pagerduty: pagerDutySender(pagerduty, deps) }),
    ...(slack && { slack: slackSender(slack, deps) }),
    ...(teams && { teams: teamsSender(teams, deps) }),
    ...(amazonQ && { amazonQ: amazonQSender(amazonQ, deps) }),
    ...(webhook && { webhook: webhookSender(webhook, deps) }),
  };
  return (Object.entries(senders) as [ChannelName, Sender][]).map(([name, send]) => {
    const patience = { limitMs: LIMIT_MS, waitsMs: deps.isPatient ? WAITS_MS[name] : [] };
    return {
      name: `notify.${name}` as const,
      send: (message: Arrived) => send(readTold(message, deps.now()), message, patience),
    };
  });
}

type Settings<Name extends ChannelName> = NonNullable<ChannelSettings[Name]>;

const PAGERDUTY = 'https://events.pagerduty.com';

function pagerDutySender({ routingKey, url }: Settings<'pagerduty'>, { secretOf }: ChannelDependencies): Sender {
  return async (told, _, patience) => {
    const key = await secretOf(routingKey);
    for (const { path, body } of pagerDutyEvents(told)) {
      const event = { routing_key: key, ...body };
      await post('notify.pagerduty', postJson(`${url ?? PAGERDUTY}${path}`, event), patience);
    }
  };
}

const SLACK = 'https://slack.com/api';
const slackAnswer = z.object({ ok: z.boolean(), error: z.optional(z.string()), ts: z.optional(z.string()) });

function slackSender(settings: Settings<'slack'>, { secretOf, threads }: ChannelDependencies): Sender {
  if ('webhookUrl' in settings) {
    return async (told, _, patience) => {
      await post('notify.slack', postJson(await secretOf(settings.webhookUrl), slackMessage(told)), patience);
    };
  }
  const { botToken, channel, url = SLACK } = settings;
  return async (told, _, patience) => {
    const token = await secretOf(botToken);
    const call = async (method: string, body: object): Promise<string> => {
      const headers = { authorization: `Bearer ${token}` };
      const request = postJson(`${url}/${method}`, { channel, ...body }, headers);
      const answer = slackAnswer.safeParse((await post('notify.slack', request, patience)).json);
      if (answer.success && answer.data.ok) return answer.data.ts ?? '';
      const why = answer.success ? (answer.data.error ?? 'an error') : 'something that is no answer of Slack';
      throw new Error(`notify.slack: ${method} answered ${printable(why, 100)}`);
    };
    const { incidentId, severity } = told;
    const thread = incidentId === '' ? null : await threads.of(incidentId);
    if (thread === null) {
      const first = await call('chat.postMessage', slackMessage(told));
      if (incidentId === '' || first === '') return;
      await threads.begin(incidentId, first);
      await call('chat.postMessage', { ...slackDetails(told), thread_ts: first });
      return;
    }
    // Said aloud before the first message is changed: a change notifies nobody.
    const isAloud = severity === 'critical';
    const reply = isAloud ? { ...slackMessage(told), reply_broadcast: true } : slackDetails(told);
    await call('chat.postMessage', { ...reply, thread_ts: thread });
    await call('chat.update', { ...slackMessage(told), ts: thread });
  };
}

function teamsSender({ webhookUrl }: Settings<'teams'>, { secretOf }: ChannelDependencies): Sender {
  return async (told, _, patience) => {
    await post('notify.teams', postJson(await secretOf(webhookUrl), teamsMessage(told)), patience);
  };
}

function amazonQSender({ topicArn }: Settings<'amazonQ'>, { publish }: ChannelDependencies): Sender {
  return (told) => publish(topicArn, JSON.stringify(amazonQNotification(told)));
}

function webhookSender({ url, signingKey }: Settings<'webhook'>, { secretOf, now }: ChannelDependencies): Sender {
  return async (_, arrived, patience) => {
    const key = await secretOf(signingKey);
    const problem = signingKeyProblem(key);
    if (problem !== null) throw new Error(`notify.webhook: ${problem}`);
    await post('notify.webhook', signedRequest(url, webhookDocument(arrived), { key, at: now() }), patience);
  };
}
