import { Aspects, Stack, type IAspect } from 'aws-cdk-lib';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

/** What a caller of DynamoDB needs of the key of a table, by name: no pattern of actions. */
const FOR_A_TABLE = [
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
].map((action) => `kms:${action}`);

/** What the key of a topic or a queue opens for whoever publishes or sends. */
export const TO_SEND = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** The permission to use a customer's key for the table, and only by way of DynamoDB. */
export function forTheTable(scope: IConstruct, keyArn: string) {
  const { region } = Stack.of(scope);
  return {
    actions: FOR_A_TABLE,
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${region}.amazonaws.com` } },
  };
}

/** Puts every log group and queue in a scope under a customer's key. Its policy lets their services use it. */
export function encryptAll(scope: IConstruct, keyArn: string): void {
  const encrypt: IAspect = {
    visit(node) {
      if (node instanceof CfnLogGroup) node.kmsKeyId = keyArn;
      if (node instanceof CfnQueue) {
        node.kmsMasterKeyId = keyArn;
        node.sqsManagedSseEnabled = undefined;
      }
    },
  };
  Aspects.of(scope).add(encrypt);
}
