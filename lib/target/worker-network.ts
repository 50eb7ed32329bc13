import { CfnOutput, Fn, Validations } from 'aws-cdk-lib';
import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  Vpc,
  type ISecurityGroup,
  type IVpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { AwsTarget } from '../config/aws-targets.ts';
import { portOf } from '../config/settings.ts';

/** Where the worker of a target is placed, what it may send to, and who lets it in. */
export class WorkerNetwork extends Construct {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly securityGroups: ISecurityGroup[];
  readonly #what: { readonly targetId: string; readonly instance: string; readonly port: number };

  constructor(scope: Construct, id: string, { target, instance, network }: AwsTarget) {
    super(scope, id);
    this.#what = { targetId: target.id, instance, port: portOf(target) };
    this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: network.vpcId,
      // Zones and route tables of the subnets play no part in what is placed here.
      availabilityZones: network.subnetIds.map((_, index) => Fn.select(index, Fn.getAzs())),
      privateSubnetIds: network.subnetIds,
    });
    Validations.of(this.vpc).acknowledge({
      id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
      reason: 'Nothing here adds a route.',
    });
    this.vpcSubnets = { subnets: this.vpc.privateSubnets };
    this.securityGroups = network.securityGroupIds?.map((groupId, index) =>
      SecurityGroup.fromSecurityGroupId(this, `Given${index}`, groupId, { mutable: false }),
    ) ?? [this.#createGroup(network.databaseSecurityGroupId)];
    if (network.manageIngress && network.databaseSecurityGroupId !== undefined) {
      this.#letIn(network.databaseSecurityGroupId);
    }
  }

  /**
   * An endpoint for Secrets Manager that only this worker uses: its name is not put into the VPC's DNS. Returns its
   * URL.
   */
  addSecretsEndpoint(): string {
    const group = new SecurityGroup(this, 'SecretsEndpointGroup', {
      vpc: this.vpc,
      description: 'Headroom: Secrets Manager for the worker',
      allowAllOutbound: false,
    });
    for (const [index, worker] of this.securityGroups.entries()) {
      group.addIngressRule(worker, Port.HTTPS, `worker ${index}`);
      worker.addEgressRule(group, Port.HTTPS, 'Secrets Manager');
    }
    const endpoint = new InterfaceVpcEndpoint(this, 'SecretsEndpoint', {
      vpc: this.vpc,
      subnets: this.vpcSubnets,
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      securityGroups: [group],
      privateDnsEnabled: false,
      open: false,
    });
    // "Z1234567890:vpce-….secretsmanager.eu-west-1.vpce.amazonaws.com"
    const dnsName = Fn.select(1, Fn.split(':', Fn.select(0, endpoint.vpcEndpointDnsEntries)));
    return `https://${dnsName}`;
  }

  /** HTTPS to Secrets Manager by whatever way the subnets have. */
  allowHttpsOut(): void {
    for (const group of this.securityGroups) group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'Secrets Manager');
  }

  #createGroup(databaseGroupId: string | undefined): SecurityGroup {
    const { targetId, instance, port } = this.#what;
    const group = new SecurityGroup(this, 'Group', {
      vpc: this.vpc,
      description: `Headroom: worker of ${targetId}`,
      allowAllOutbound: false,
    });
    const peer = databaseGroupId === undefined ? Peer.anyIpv4() : Peer.securityGroupId(databaseGroupId);
    group.addEgressRule(peer, Port.tcp(port), 'the database');
    new CfnOutput(this, 'WorkerSecurityGroup', {
      value: group.securityGroupId,
      description: `Let it in to ${instance} on port ${port}, unless manageIngress does`,
    });
    return group;
  }

  #letIn(databaseGroupId: string): void {
    const { targetId, port } = this.#what;
    const database = SecurityGroup.fromSecurityGroupId(this, 'Database', databaseGroupId, { mutable: true });
    for (const worker of this.securityGroups) {
      database.addIngressRule(worker, Port.tcp(port), `Headroom: worker of ${targetId}`);
    }
  }
}
