import { Headroom } from '@headroom-rds/headroom';
import { Stack, type App } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';

/** A database that no CDK app made: it does not know its VPC, and nothing here can look it up. */
export function buildStack(app: App): Stack {
  const stack = new Stack(app, 'care', { env: { account: '111122223333', region: 'eu-west-1' } });
  const orders = rds.DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Orders', {
    instanceIdentifier: 'orders-prod',
    instanceEndpointAddress: 'orders-prod.c0ffee00beef.eu-west-1.rds.amazonaws.com',
    port: 5432,
    instanceResourceId: 'db-ABCDEFGHIJKLMNOPQRSTUVWXY1',
    engine: rds.DatabaseInstanceEngine.POSTGRES,
    securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'OrdersGroup', 'sg-0a1b2c3d4e5f60718')],
  });
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0a1b2c3d4e5f60718',
    availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    privateSubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
    privateSubnetRouteTableIds: ['rtb-0a1b2c3d4e5f60718', 'rtb-0b1c2d3e4f5061728'],
  });

  const headroom = new Headroom(stack, 'Headroom', { notify: { email: ['dba-on-call@example.com'] } });
  headroom.protect(orders, { id: 'orders', vpc, maxConnections: 209, reservedSlots: 9 });
  return stack;
}
