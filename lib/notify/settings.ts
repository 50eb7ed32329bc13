import * as z from 'zod';
import type { ChannelSettings, SecretPlace } from '../../functions/core/channels/settings.ts';

const secret = (what: string) =>
  z
    .strictObject({
      secretArn: z
        .string()
        .regex(
          /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/,
          'expected the whole ARN of a secret of Secrets Manager, with the six letters at its end',
        )
        .optional()
        .describe('On AWS: the secret whose text it is.'),
      variable: z
        .string()
        .regex(/^[A-Z_][A-Z0-9_]*$/, 'expected the name of an environment variable: capital letters, digits, "_"')
        .optional()
        .describe('Local runs: the environment variable that holds it.'),
    })
    .refine(
      ({ secretArn, variable }) => secretArn !== undefined || variable !== undefined,
      'name secretArn (for AWS), variable (for local runs), or both; the secret itself never stands in this file',
    )
    .describe(what);

const slack = z
  .strictObject({
    webhookUrl: secret('URL of an incoming webhook: one message for each notice.').optional(),
    botToken: secret(
      'Token of a bot with the scope chat:write: one message for each incident, kept up to date.',
    ).optional(),
    channel: z
      .string()
      .regex(/^[CGD][A-Z0-9]{8,}$/, 'expected the id of a channel such as C0123456789, not its name')
      .optional()
      .describe('Id of the channel that the bot writes to.'),
  })
  .superRefine(({ webhookUrl, botToken, channel }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if ((webhookUrl === undefined) === (botToken === undefined)) refuse('name either webhookUrl or botToken');
    if ((botToken === undefined) !== (channel === undefined)) refuse('botToken and channel go together');
  });

/** Alarms have room for it beside what they say. */
const RUNBOOK_LENGTH = 400;
/** Without a password in it, and inert in whatever a channel makes of text. */
const RUNBOOK = /^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][\w.~:/?#[\]@!$&'()*+,;=%-]*)?$/;

export const notify = z.strictObject({
  email: z
    .array(z.email('expected an e-mail address'))
    .default([])
    .describe('Addresses subscribed to the notices topic on AWS.'),
  sms: z
    .array(z.string().regex(/^\+[1-9]\d{6,14}$/, 'expected a telephone number such as +4915112345678'))
    .default([])
    .describe('Telephones subscribed to the critical notices on AWS: the subject, in 140 characters.'),
  runbook: z
    .string()
    .max(RUNBOOK_LENGTH, `expected at most ${RUNBOOK_LENGTH} characters`)
    .regex(RUNBOOK, 'expected an https URL such as https://wiki.example.com/databases/connections')
    .optional()
    .describe(
      'Your own runbook: every notice links to it, and the descriptions of all alarms begin with it. No secret belongs in it.',
    ),
  pagerduty: z
    .strictObject({ routingKey: secret('Integration key of a service, for the Events API v2.') })
    .optional()
    .describe('PagerDuty: an alert for each incident.'),
  slack: slack.optional().describe('Slack, by an incoming webhook or by a bot.'),
  teams: z
    .strictObject({ webhookUrl: secret('URL of a workflow "Post to a channel when a webhook request is received".') })
    .optional()
    .describe('Microsoft Teams, by a workflow.'),
  amazonQ: z
    .strictObject({
      topicArn: z
        .string()
        .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'expected the ARN of a standard topic')
        .describe('A topic of yours that nothing else is published to, and that the chat is subscribed to.'),
    })
    .optional()
    .describe('Amazon Q Developer in chat applications, on AWS.'),
  command: z
    .string()
    .min(1)
    .optional()
    .describe('Local runs: shell command, started for each notice with its JSON on standard input.'),
  webhook: z
    .union([
      z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }),
      z.strictObject({
        url: z
          .url({ protocol: /^https$/, error: 'expected an https URL' })
          .describe('Where each notice is posted to as JSON. No secret belongs in it.'),
        signingKey: secret('Key that signs each request: "whsec_" and base64 of 24 to 64 bytes.'),
      }),
    ])
    .optional()
    .describe('A program of yours: `url` and `signingKey`, or, for local runs without a signature, the URL alone.'),
});

export type Notify = z.infer<typeof notify>;
type Place = 'aws' | 'local';
type Secret = z.infer<ReturnType<typeof secret>>;

/** The channels whose secrets can be had in a place; those of the topic and `command` are not among them. */
export function channelsIn(place: Place, { pagerduty, slack: chat, teams, amazonQ, webhook }: Notify): ChannelSettings {
  const at = (named: Secret | undefined): SecretPlace | null => placeOf(place, named);
  const routingKey = at(pagerduty?.routingKey);
  const slackUrl = at(chat?.webhookUrl);
  const botToken = at(chat?.botToken);
  const teamsUrl = at(teams?.webhookUrl);
  const signed = typeof webhook === 'object' ? webhook : null;
  const signingKey = at(signed?.signingKey);
  return {
    ...(routingKey && { pagerduty: { routingKey } }),
    ...(slackUrl && { slack: { webhookUrl: slackUrl } }),
    ...(botToken && { slack: { botToken, channel: chat?.channel ?? '' } }),
    ...(teamsUrl && { teams: { webhookUrl: teamsUrl } }),
    ...(place === 'aws' && amazonQ && { amazonQ }),
    ...(signed && signingKey && { webhook: { url: signed.url, signingKey } }),
  };
}

/** Whether any channel can be had in a place: without one there is nothing that sends to channels. */
export function hasChannels(place: Place, notified: Notify): boolean {
  return Object.keys(channelsIn(place, notified)).length > 0;
}

/** The secrets that the function which sends reads. */
export function secretArnsOf(notified: Notify): string[] {
  const { pagerduty, slack: chat, teams, webhook } = notified;
  const places = [
    pagerduty?.routingKey,
    chat?.webhookUrl,
    chat?.botToken,
    teams?.webhookUrl,
    typeof webhook === 'object' ? webhook.signingKey : undefined,
  ];
  return [...new Set(places.flatMap((place) => place?.secretArn ?? []))];
}

function placeOf(place: Place, named: Secret | undefined): SecretPlace | null {
  const { secretArn, variable } = named ?? {};
  if (place === 'aws') return secretArn === undefined ? null : { secretArn };
  return variable === undefined ? null : { variable };
}
