import { Headroom } from '@headroom-rds/headroom';
import { Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';

/** A database, a replica of it, and Headroom, which looks after both. */
export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2 });
    const orders = new rds.DatabaseInstance(this, 'Orders', {
      vpc,
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
    });
    const reports = new rds.DatabaseInstanceReadReplica(this, 'Reports', {
      vpc,
      sourceDatabaseInstance: orders,
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.M7G, ec2.InstanceSize.LARGE),
    });

    const headroom = new Headroom(this, 'Headroom', {
      notify: { email: ['dba-on-call@example.com'] },
      approvals: true,
      policy: { triggerPercent: 85, protect: { users: ['billing-*'] } },
    });
    headroom.protect(orders, { id: 'orders', maxConnections: 200, mode: 'approve' });
    headroom.protect(reports, { id: 'reports', maxConnections: 100 });
  }
}
