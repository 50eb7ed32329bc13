import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { configText, templatesOf } from '../../support/templates.ts';

const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders/responder-AbCdEf';
const OTHER_GROUP = 'sg-0f0f0f0f0f0f0f0f0';

/** Another target of the VPC for each network. */
function withOthers(networks: readonly string[], first = ''): Template {
  const others = networks.map(
    (network, index) => `
  - id: other-${index}
    engine: mysql
    instance: other-${index}
    resourceId: db-ABCDEFGHIJKLMNOPQRSTUVWXY2
    endpoint: { host: other-${index}.c0ffee00beef.eu-west-1.rds.amazonaws.com }
    maxConnections: 200
    network: { vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0a1b2c3d4e5f60718], ${network} }`,
  );
  return templatesOf(configText(first) + others.join('')).network;
}

const resources = (template: Template, type: string) => Object.values(template.findResources(type));

describe('the group of the workers of a VPC', () => {
  test('reaches the databases on their ports and nothing else, each once', () => {
    const same = 'databaseSecurityGroupId: sg-0a1b2c3d4e5f60718';
    const network = withOthers([`databaseSecurityGroupId: ${OTHER_GROUP}`, same, same]);
    network.hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.absent() });
    const egress = [...resources(network, 'AWS::EC2::SecurityGroupEgress'), ...egressOf(network)];
    expect(egress.map((rule) => JSON.stringify(rule))).toHaveLength(3);
    for (const [group, port] of [
      ['sg-0a1b2c3d4e5f60718', 5432],
      ['sg-0a1b2c3d4e5f60718', 3306],
      [OTHER_GROUP, 3306],
    ] as const) {
      network.hasResourceProperties('AWS::EC2::SecurityGroup', {
        VpcId: 'vpc-0a1b2c3d4e5f60718',
        SecurityGroupEgress: Match.arrayWith([
          Match.objectLike({ DestinationSecurityGroupId: group, FromPort: port, ToPort: port }),
        ]),
      });
    }
  });

  test('names ports alone where the group of a database is not known, or there are more than a group has rules for', () => {
    const many = Array.from({ length: 51 }, (_, n) => `databaseSecurityGroupId: sg-${String(n).padStart(17, '0')}`);
    for (const network of [withOthers(['manageIngress: false']), withOthers(many)]) {
      network.hasResourceProperties('AWS::EC2::SecurityGroup', {
        SecurityGroupEgress: [
          Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 5432, ToPort: 5432 }),
          Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 3306, ToPort: 3306 }),
        ],
      });
    }
  });

  test('is let in once by each group of a database, where that was asked for', () => {
    const managed = `databaseSecurityGroupId: ${OTHER_GROUP}, manageIngress: true`;
    const network = withOthers([managed, managed]);
    network.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    network.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      GroupId: OTHER_GROUP,
      FromPort: 3306,
      ToPort: 3306,
    });
  });

  test('is there for the workers that were given none, and its id is in a parameter', () => {
    const [group] = Object.keys(templatesOf().network.findResources('AWS::EC2::SecurityGroup'));
    templatesOf().network.hasResourceProperties('AWS::SSM::Parameter', {
      Name: '/headroom/network/vpc-0a1b2c3d4e5f60718/worker-group',
      Value: { 'Fn::GetAtt': [group, 'GroupId'] },
    });
  });
});

describe('the way to Secrets Manager', () => {
  const secretAuth = (access: string): string =>
    `    auth: { mode: secret, secretArn: '${SECRET}', secretsAccess: ${access} }`;

  test('is one endpoint for all workers of the VPC that ask for one', () => {
    const network = withOthers([`securityGroupIds: [${OTHER_GROUP}]`], secretAuth('endpoint'));
    network.resourceCountIs('AWS::EC2::VPCEndpoint', 1);
    network.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      ServiceName: 'com.amazonaws.eu-west-1.secretsmanager',
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: false,
    });
    network.hasResourceProperties('AWS::SSM::Parameter', {
      Name: '/headroom/network/vpc-0a1b2c3d4e5f60718/secrets-endpoint',
    });
  });

  test('is HTTPS to the outside where the subnets have a NAT', () => {
    const network = withOthers([], secretAuth('nat'));
    network.resourceCountIs('AWS::EC2::VPCEndpoint', 0);
    network.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 })]),
    });
  });

  test('is closed to those who log in by IAM', () => {
    expect(JSON.stringify(templatesOf().network.toJSON())).not.toMatch(/443/);
  });
});

function egressOf(template: Template): unknown[] {
  return resources(template, 'AWS::EC2::SecurityGroup').flatMap((group) => {
    const { Properties } = group as { readonly Properties: { readonly SecurityGroupEgress?: unknown[] } };
    return Properties.SecurityGroupEgress ?? [];
  });
}
