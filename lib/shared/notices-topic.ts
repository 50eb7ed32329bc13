import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { ControlFunction } from './control-function.ts';

/** What SNS does with the key for whoever publishes. */
const TO_PUBLISH = ['kms:Decrypt', 'kms:GenerateDataKey'];
const ALARMS = new ServicePrincipal('cloudwatch.amazonaws.com');

/**
 * Where notices go, and the alarms on Headroom itself. Each address confirms its subscription by a mail it gets. ADR 22
 * says why it has a key of its own.
 */
export class NoticesTopic extends Topic {
  readonly #key: Key;

  constructor(scope: Construct, id: string, props: { readonly topicName: string; readonly emails: readonly string[] }) {
    const { topicName, emails } = props;
    const key = new Key(scope, `${id}Key`, {
      alias: `alias/${topicName}`,
      description: `Encrypts the messages of ${topicName}`,
      enableKeyRotation: true,
      // Messages are gone within days: nothing is lost with it.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    super(scope, id, { topicName, displayName: 'Headroom', enforceSSL: true, masterKey: key });
    this.#key = key;
    // Who may publish is the topic's to say, below; the key only has to open.
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [ALARMS],
        actions: TO_PUBLISH,
        resources: ['*'],
      }),
    );
    // A topic with a policy of its own has lost the default one, which let the account's alarms in.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [ALARMS],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const address of emails) this.addSubscription(new EmailSubscription(address));
  }

  /** To the topic, and with its key. */
  allowPublishing(grantee: ControlFunction): void {
    grantee.allow(['sns:Publish'], [this.topicArn]);
    grantee.allow(TO_PUBLISH, [this.#key.keyArn]);
  }
}
