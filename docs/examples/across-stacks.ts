import { Headroom } from '@headroom-rds/headroom';
import { Stack, type App } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';

/** The team's database in its stack, and Headroom in another, which is deployed after it. */
export function buildStacks(app: App): void {
  const data = new Stack(app, 'data');
  const accounts = new rds.DatabaseInstance(data, 'Accounts', {
    vpc: new ec2.Vpc(data, 'Vpc', { maxAzs: 2 }),
    engine: rds.DatabaseInstanceEngine.mariaDb({ version: rds.MariaDbEngineVersion.VER_10_11 }),
    credentials: rds.Credentials.fromGeneratedSecret('admin'),
  });
  const logins = new rds.DatabaseSecret(data, 'Responder', { username: 'headroom_responder' });

  const operations = new Stack(app, 'operations');
  const headroom = new Headroom(operations, 'Headroom', { prefix: 'db-care' });
  headroom.protect(accounts, {
    id: 'accounts',
    maxConnections: 300,
    auth: { mode: 'secret', secret: logins, secretsAccess: 'endpoint' },
  });
}
