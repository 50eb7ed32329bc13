import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** The incident store. Outlives the stack: it is the record of what was done to databases. */
export class IncidentTable extends Table {
  constructor(scope: Construct, id: string, tableName: string) {
    super(scope, id, {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.addIndex('byTarget', 'targetId');
    this.addIndex('byStatus', 'status');
  }

  /** Reading and writing items one by one, and listing; no scan, no transaction, no change to the table itself. */
  grantUse(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'].map((action) => `dynamodb:${action}`),
      resourceArns: [this.tableArn, `${this.tableArn}/index/byTarget`, `${this.tableArn}/index/byStatus`],
    });
  }

  /** Reading the records of incidents and noting an answer on them: nothing of targets, no new item, no list. */
  grantAnswer(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['INCIDENT#*'] } },
      }),
    );
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
