import { paginateListSubscriptionsByTopic, SNSClient, type Subscription } from '@aws-sdk/client-sns';
import { count } from '../../functions/core/words/count.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { findingOf, type InstallationFinding, type Problem } from './finding.ts';

/** Whether somebody is subscribed to the notices topic, every address of the configuration among them, and confirmed. */
export async function checkSubscriptions(
  region: string,
  topicArn: string,
  emails: readonly string[],
): Promise<InstallationFinding> {
  const client = new SNSClient({ region });
  try {
    const found: Subscription[] = [];
    for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn })) {
      found.push(...Subscriptions);
    }
    return findingOf('subscriptions', count(found.length, 'subscription'), [
      ...nobody(found),
      ...unconfirmed(found),
      ...missing(found, emails),
    ]);
  } finally {
    client.destroy();
  }
}

function nobody(found: readonly Subscription[]): Problem[] {
  if (found.length > 0) return [];
  const fix = 'name people in notify.email and deploy, or subscribe a pager to the topic';
  return [{ status: 'failed', detail: 'nobody is subscribed: no notice reaches anybody', fix }];
}

/** SNS has no ARN for it, but this word. */
function unconfirmed(found: readonly Subscription[]): Problem[] {
  return found
    .filter(({ SubscriptionArn }) => SubscriptionArn === 'PendingConfirmation')
    .map(({ Endpoint = '' }) => ({
      status: 'failed',
      detail: `${printable(Endpoint)} has not confirmed`,
      fix: 'open the link in the mail of AWS Notifications; it is valid for two days, then deploy again after removing and adding the address',
    }));
}

function missing(found: readonly Subscription[], emails: readonly string[]): Problem[] {
  const subscribed = new Set(found.map(({ Endpoint = '' }) => Endpoint.toLowerCase()));
  return emails
    .filter((email) => !subscribed.has(email.toLowerCase()))
    .map((email) => ({
      status: 'failed',
      detail: `${email} is in notify.email and not subscribed`,
      fix: 'npx --no cdk deploy --all; whoever has unsubscribed must be subscribed by hand: aws sns subscribe',
    }));
}
