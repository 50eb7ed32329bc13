import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { forTheTable } from '../house/customer-key.ts';

interface IncidentTableProps {
  readonly tableName: string;
  readonly keyArn: string | undefined;
}

/**
 * The incident store. Outlives the stack: it is the record of what was done to databases. A first deployment that fails
 * leaves none behind (ADR 30).
 */
export class IncidentTable extends Table {
  /** The name and the ARN, of a table that need not exist yet: nothing has to be created after it. */
  readonly nameInAdvance: string;
  readonly #arn: string;
  readonly #keyArn: string | undefined;

  /** `keyArn`: a customer's key to keep it under; undefined: the key that AWS has for DynamoDB. */
  constructor(scope: Construct, id: string, { tableName, keyArn }: IncidentTableProps) {
    super(scope, id, {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      ...(keyArn === undefined
        ? { encryption: TableEncryption.AWS_MANAGED }
        : {
            encryption: TableEncryption.CUSTOMER_MANAGED,
            encryptionKey: Key.fromKeyArn(scope, `${id}Key`, keyArn),
          }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.nameInAdvance = tableName;
    this.#keyArn = keyArn;
    this.#arn = Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName: tableName });
    this.addIndex('byTarget', 'targetId');
    this.addIndex('byStatus', 'status');
  }

  /**
   * After everything else of its scope. It is protected from deletion, so a deployment that failed after it could not
   * be undone, and one that is repeated would find its name taken.
   */
  createLast(): void {
    const others = this.node.scope?.node.children.filter((child) => child !== this && !(child instanceof CfnOutput));
    this.node.addDependency(...(others ?? []));
  }

  /** Reading and writing items one by one, and listing; no scan, no transaction, no change to the table itself. */
  grantUse(grantee: IGrantable): Grant {
    this.#grantKey(grantee);
    return Grant.addToPrincipal({
      grantee,
      actions: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'].map((action) => `dynamodb:${action}`),
      resourceArns: [this.#arn, `${this.#arn}/index/byTarget`, `${this.#arn}/index/byStatus`],
    });
  }

  /** Listing the targets, and the notices that wait for the message of their minute, each in a partition of their own. */
  grantRoster(grantee: IGrantable): void {
    this.#grantKey(grantee);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: [this.#arn],
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ROSTER', 'NOTICES'] } },
      }),
    );
  }

  /** Reading the records of incidents and noting an answer on them: nothing of targets, no new item, no list. */
  grantAnswer(grantee: IGrantable): void {
    this.#grantKey(grantee);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.#arn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['INCIDENT#*'] } },
      }),
    );
  }

  /** Noting what channels have taken, and with their incidents what came of it. */
  grantDeliveries(grantee: IGrantable): void {
    this.#grantKey(grantee);
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.#arn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['INCIDENT#*', 'NOTICE#*'] } },
      }),
    );
  }

  #grantKey(grantee: IGrantable): void {
    if (this.#keyArn === undefined) return;
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement(forTheTable(this, this.#keyArn)));
  }

  private addIndex(indexName: string, partition: string): void {
    this.addGlobalSecondaryIndex({
      indexName,
      partitionKey: { name: partition, type: AttributeType.STRING },
      sortKey: { name: 'openedAt', type: AttributeType.NUMBER },
      projectionType: ProjectionType.ALL,
    });
  }
}
