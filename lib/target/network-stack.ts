import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { AwsPlace, AwsTarget } from '../config/aws-targets.ts';
import { portOf } from '../config/settings.ts';
import type { Names } from '../house/names.ts';
import { networkParametersOf, placeIn } from './worker-network.ts';

interface NetworkStackProps extends StackProps {
  readonly names: Names;
  readonly vpcId: string;
  /** Those in this VPC. */
  readonly targets: readonly AwsTarget[];
  readonly env: AwsPlace;
}

/** Rules of a security group in one direction: AWS has 60 at most, and people need some. */
const MOST_RULES = 50;

/**
 * What the workers of a VPC share: one security group, so that any number of them needs the network interfaces of one,
 * and one way to Secrets Manager. The stacks of the targets read both from parameters: they import nothing, so that
 * each can go at any time.
 */
export class NetworkStack extends Stack {
  readonly #props: NetworkStackProps;
  readonly #vpc: IVpc;

  constructor(scope: Construct, id: string, props: NetworkStackProps) {
    const { vpcId, targets, env, stackName } = props;
    super(scope, id, {
      description: `Headroom: what the workers in ${vpcId} share`,
      env,
      ...(stackName && { stackName }),
    });
    this.#props = props;
    const reader = targets.find(needsEndpoint);
    // An endpoint takes one subnet of each zone and serves the whole VPC: those of one target do.
    this.#vpc = placeIn(this, vpcId, (reader ?? targets[0])?.network.subnetIds ?? []);
    const guests = targets.filter(isGuest);
    const workers = guests.length === 0 ? null : this.#createGroup(guests);
    if (reader !== undefined) this.#createSecretsEndpoint(workers);
  }

  /** It may send to the databases of its workers, and is let in where that was asked for. */
  #createGroup(guests: readonly AwsTarget[]): SecurityGroup {
    const group = new SecurityGroup(this, 'Workers', {
      vpc: this.#vpc,
      description: 'Headroom: the workers of this VPC',
      allowAllOutbound: false,
    });
    for (const { peer, port } of outboundOf(guests)) group.addEgressRule(peer, port, 'databases');
    if (guests.some(({ login }) => login.mode === 'secret' && login.access === 'nat')) {
      group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'Secrets Manager');
    }
    for (const { groupId, port } of databasesOf(guests.filter(({ network }) => network.manageIngress))) {
      SecurityGroup.fromSecurityGroupId(this, `Database${groupId}${port}`, groupId).addIngressRule(
        group,
        Port.tcp(port),
        'Headroom: workers',
      );
    }
    this.#publish('WorkerGroup', group.securityGroupId);
    new CfnOutput(this, 'WorkerSecurityGroup', {
      value: group.securityGroupId,
      description: 'Let it in to the databases, unless manageIngress does',
    });
    return group;
  }

  /** An endpoint that only workers use: its name is not put into the VPC's DNS. */
  #createSecretsEndpoint(workers: SecurityGroup | null): void {
    const vpc = this.#vpc;
    const group = new SecurityGroup(this, 'SecretsEndpointGroup', {
      vpc,
      description: 'Headroom: Secrets Manager for the workers',
      allowAllOutbound: false,
    });
    const given = new Set(
      this.#props.targets.filter(needsEndpoint).flatMap(({ network }) => network.securityGroupIds ?? []),
    );
    for (const id of given) group.addIngressRule(Peer.securityGroupId(id), Port.HTTPS, 'a worker');
    if (workers !== null) {
      group.addIngressRule(workers, Port.HTTPS, 'workers');
      workers.addEgressRule(group, Port.HTTPS, 'Secrets Manager');
    }
    const endpoint = new InterfaceVpcEndpoint(this, 'SecretsEndpoint', {
      vpc,
      subnets: { subnets: vpc.privateSubnets },
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      securityGroups: [group],
      privateDnsEnabled: false,
      open: false,
    });
    // "Z1234567890:vpce-….secretsmanager.eu-west-1.vpce.amazonaws.com"
    const dnsName = Fn.select(1, Fn.split(':', Fn.select(0, endpoint.vpcEndpointDnsEntries)));
    this.#publish('SecretsEndpoint', `https://${dnsName}`);
  }

  #publish(what: keyof ReturnType<typeof networkParametersOf>, stringValue: string): void {
    const { names, vpcId } = this.#props;
    const parameterName = networkParametersOf(names, vpcId)[what];
    new StringParameter(this, `${what}Parameter`, { parameterName, stringValue });
  }
}

/** Its worker is in the shared group. */
function isGuest({ network }: AwsTarget): boolean {
  return network.securityGroupIds === undefined;
}

function needsEndpoint({ login }: AwsTarget): boolean {
  return login.mode === 'secret' && login.access === 'endpoint';
}

interface DatabaseGroup {
  readonly groupId: string;
  readonly port: number;
}

/** Each security group of a database once, with each port of it. */
function databasesOf(targets: readonly AwsTarget[]): DatabaseGroup[] {
  const found = new Map<string, DatabaseGroup>();
  for (const { target, network } of targets) {
    const groupId = network.databaseSecurityGroupId;
    const port = portOf(target);
    if (groupId !== undefined) found.set(`${groupId} ${port}`, { groupId, port });
  }
  return [...found.values()];
}

/** To the databases' own groups and nothing else; by their ports alone where not all are named, or too many are. */
function outboundOf(guests: readonly AwsTarget[]) {
  const databases = databasesOf(guests);
  const isNarrow =
    databases.length <= MOST_RULES && guests.every(({ network }) => network.databaseSecurityGroupId !== undefined);
  if (isNarrow) {
    return databases.map(({ groupId, port }) => ({ peer: Peer.securityGroupId(groupId), port: Port.tcp(port) }));
  }
  const ports = new Set(guests.map(({ target }) => portOf(target)));
  return [...ports].map((port) => ({ peer: Peer.anyIpv4(), port: Port.tcp(port) }));
}
