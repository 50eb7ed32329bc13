import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, LambdaSubscription, SmsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { TO_SEND } from '../house/customer-key.ts';
import type { ControlFunction } from './control-function.ts';

const ALARMS = new ServicePrincipal('cloudwatch.amazonaws.com');

interface NoticesTopicProps {
  readonly topicName: string;
  readonly emails: readonly string[];
  /** Telephones, which get what is critical. */
  readonly sms: readonly string[];
  /** A customer's key, whose policy lets the account's alarms use it; undefined: one of its own. */
  readonly keyArn: string | undefined;
}

/**
 * Where notices go, and the alarms on Headroom itself. Each address confirms its subscription by a mail it gets. ADR 22
 * says why it has a key of its own.
 */
export class NoticesTopic extends Topic {
  readonly #key: IKey;

  constructor(scope: Construct, id: string, { topicName, emails, sms, keyArn }: NoticesTopicProps) {
    const key = keyArn === undefined ? ownKey(scope, id, topicName) : Key.fromKeyArn(scope, `${id}Key`, keyArn);
    super(scope, id, { topicName, displayName: 'Headroom', enforceSSL: true, masterKey: key });
    this.#key = key;
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
    const filterPolicy = { severity: SubscriptionFilter.stringFilter({ allowlist: ['critical'] }) };
    for (const number of sms) this.addSubscription(new SmsSubscription(number, { filterPolicy }));
  }

  /** Hands every message to a function. */
  handTo(receiver: ControlFunction): void {
    this.addSubscription(new LambdaSubscription(receiver));
  }

  /** To the topic, and with its key. */
  allowPublishing(grantee: ControlFunction): void {
    grantee.allow(['sns:Publish'], [this.topicArn]);
    grantee.allow(TO_SEND, [this.#key.keyArn]);
  }
}

function ownKey(scope: Construct, id: string, topicName: string): Key {
  const key = new Key(scope, `${id}Key`, {
    alias: `alias/${topicName}`,
    description: `Encrypts the messages of ${topicName}`,
    enableKeyRotation: true,
    // Messages are gone within days: nothing is lost with it.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Who may publish is the topic's to say; the key only has to open.
  key.addToResourcePolicy(new PolicyStatement({ principals: [ALARMS], actions: TO_SEND, resources: ['*'] }));
  return key;
}
