import { Headroom } from '@headroom-rds/headroom';
import { Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';

/** An Aurora cluster: its members are found at run time, those that come later too, and say their own max_connections. */
export class LedgerStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const ledger = new rds.DatabaseCluster(this, 'Ledger', {
      vpc: new ec2.Vpc(this, 'Vpc', { maxAzs: 2 }),
      engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
      writer: rds.ClusterInstance.provisioned('writer'),
      readers: [rds.ClusterInstance.serverlessV2('reader', { scaleWithWriter: true })],
    });

    const headroom = new Headroom(this, 'Headroom', { notify: { email: ['dba-on-call@example.com'] } });
    headroom.protect(ledger, { id: 'ledger', policy: { triggerPercent: 80 } });
  }
}
