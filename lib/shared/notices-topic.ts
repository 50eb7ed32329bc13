import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

/** Where notices go, and the alarms on Headroom itself. Each address confirms its subscription by a mail it gets. */
export class NoticesTopic extends Topic {
  constructor(scope: Construct, id: string, props: { readonly topicName: string; readonly emails: readonly string[] }) {
    super(scope, id, { topicName: props.topicName, displayName: 'Headroom', enforceSSL: true });
    // A topic with a policy of its own has lost the default one, which let the account's alarms in.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const address of props.emails) this.addSubscription(new EmailSubscription(address));
  }
}
