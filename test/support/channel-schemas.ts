import * as z from 'zod';

// What each channel takes, strictly: anything else fails. Where it is from stands above each.

const text = (length: number) => z.string().min(1).max(length);
const url = (length: number) => z.url().max(length);

/** PagerDuty/developer-docs, docs/events-API-v2/02-Trigger-Events.md and 04-Send-Change-Events.md. */
const routingKey = z.string().length(32);
const pdLinks = z.array(z.strictObject({ href: z.url(), text: z.string() }));
export const pagerDutyAlert = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: routingKey,
    event_action: z.literal('trigger'),
    dedup_key: text(255),
    payload: z.strictObject({
      summary: text(1_024),
      source: text(1_024),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime(),
      component: z.string(),
      class: z.string(),
      custom_details: z.record(z.string(), z.unknown()),
    }),
    links: pdLinks,
    client: z.string(),
    client_url: z.url().optional(),
  }),
  z.strictObject({
    routing_key: routingKey,
    event_action: z.enum(['resolve', 'acknowledge']),
    dedup_key: text(255),
  }),
]);
export const pagerDutyChange = z.strictObject({
  routing_key: routingKey,
  payload: z.strictObject({
    summary: text(1_024),
    source: z.string(),
    timestamp: z.iso.datetime(),
    custom_details: z.record(z.string(), z.unknown()),
  }),
  links: pdLinks,
});
export const PAGERDUTY_BYTES = 512 * 1024;

/** Limits of Block Kit as @slack/types 3.2.0 documents them. */
const plain = (length: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: text(length), emoji: z.boolean() });
const button = z.strictObject({
  type: z.literal('button'),
  action_id: text(255),
  text: plain(75),
  url: url(3_000),
  style: z.enum(['primary', 'danger']).optional(),
});
const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plain(150) }),
  z.strictObject({ type: z.literal('section'), text: plain(3_000) }),
  z.strictObject({ type: z.literal('context'), elements: z.array(plain(3_000)).min(1).max(10) }),
  z.strictObject({ type: z.literal('actions'), elements: z.array(button).min(1).max(25) }),
]);
const slackBody = {
  text: text(4_000),
  blocks: z.array(block).min(1).max(50),
  mrkdwn: z.literal(false),
  unfurl_links: z.literal(false),
  unfurl_media: z.literal(false),
};
export const slackWebhook = z.strictObject(slackBody);
export const slackPost = z.strictObject({
  ...slackBody,
  channel: z.string(),
  thread_ts: z.string().optional(),
  reply_broadcast: z.boolean().optional(),
});
export const slackUpdate = z.strictObject({ ...slackBody, channel: z.string(), ts: z.string() });

/** microsoft/AdaptiveCards, schemas/1.4.0/adaptive-card.json; the envelope: Teams, "Post to a channel" by a webhook. */
const textRun = z.strictObject({
  type: z.literal('TextRun'),
  text: z.string().min(1),
  weight: z.enum(['Default', 'Lighter', 'Bolder']).optional(),
  size: z.enum(['Default', 'Small', 'Medium', 'Large', 'ExtraLarge']).optional(),
  color: z.enum(['Default', 'Dark', 'Light', 'Accent', 'Good', 'Warning', 'Attention']).optional(),
});
export const teamsCard = z.strictObject({
  type: z.literal('message'),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal('application/vnd.microsoft.card.adaptive'),
      content: z.strictObject({
        $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: z.literal('AdaptiveCard'),
        version: z.literal('1.4'),
        fallbackText: z.string(),
        body: z.array(z.strictObject({ type: z.literal('RichTextBlock'), inlines: z.array(textRun).min(1) })),
        actions: z.array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: z.string(), url: z.url() })),
      }),
    }),
  ]),
});
export const TEAMS_BYTES = 28 * 1024;

/** AWS documentation, Amazon Q Developer in chat applications, "Custom notifications". */
export const amazonQ = z.strictObject({
  version: z.literal('1.0'),
  source: z.literal('custom'),
  content: z.strictObject({
    textType: z.literal('client-markdown'),
    title: text(250),
    description: text(8_000),
    nextSteps: z.array(z.string()).optional(),
    keywords: z.array(z.string()),
  }),
  metadata: z.strictObject({
    threadId: z.string().optional(),
    summary: z.string(),
    eventType: z.string(),
    relatedResources: z.array(z.string()),
  }),
});

/** Standard Webhooks 1.0.0, spec/standard-webhooks.md: the headers of a signed request. */
export const signedHeaders = z.object({
  'webhook-id': z.string().regex(/^[\w-]+$/),
  'webhook-timestamp': z.string().regex(/^\d{10}$/),
  'webhook-signature': z.string().regex(/^v1,[A-Za-z0-9+/]{43}=$/),
});
