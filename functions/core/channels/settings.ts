import * as z from 'zod/mini';

/** Where a secret is, never what it is: a whole ARN of Secrets Manager, or the name of an environment variable. */
const place = z.union([z.object({ secretArn: z.string() }), z.object({ variable: z.string() })]);
export type SecretPlace = z.infer<typeof place>;

/** The channels of one place: of the function that sends on AWS, or of a run on this machine. */
export const channelSettings = z.object({
  pagerduty: z.optional(z.object({ routingKey: place, url: z.optional(z.string()) })),
  slack: z.optional(
    z.union([
      z.object({ webhookUrl: place }),
      z.object({ botToken: place, channel: z.string(), url: z.optional(z.string()) }),
    ]),
  ),
  teams: z.optional(z.object({ webhookUrl: place })),
  amazonQ: z.optional(z.object({ topicArn: z.string() })),
  webhook: z.optional(z.object({ url: z.string(), signingKey: place })),
});
export type ChannelSettings = z.infer<typeof channelSettings>;

export type ChannelName = keyof ChannelSettings;
