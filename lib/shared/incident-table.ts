import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * The incident store. Outlives the stack: it is the record of what was done to databases. A first deployment that fails
 * leaves none behind (ADR 30).
 */
export class IncidentTable extends Table {
  /** The name and the ARN, of a table that need not exist yet: nothing has to be created after it. */
  readonly nameInAdvance: string;
  readonly #arn: string;

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
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.nameInAdvance = tableName;
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
    return Grant.addToPrincipal({
      grantee,
      actions: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'].map((action) => `dynamodb:${action}`),
      resourceArns: [this.#arn, `${this.#arn}/index/byTarget`, `${this.#arn}/index/byStatus`],
    });
  }

  /** Listing the targets, in their own partition. */
  grantRoster(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: [this.#arn],
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ROSTER'] } },
      }),
    );
  }

  /** Reading the records of incidents and noting an answer on them: nothing of targets, no new item, no list. */
  grantAnswer(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        resources: [this.#arn],
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
