import { Fn } from 'aws-cdk-lib';
import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  type ISecurityGroup,
  type IVpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/**
 * What the workers in a VPC of an app share: one security group, so that any number of them needs the network
 * interfaces of one, and one way to Secrets Manager. Either is made when it is first asked for.
 */
export class SharedNetwork extends Construct {
  readonly #vpc: IVpc;
  #group: SecurityGroup | null = null;
  #endpoint: InterfaceVpcEndpoint | null = null;

  constructor(scope: Construct, id: string, vpc: IVpc) {
    super(scope, id);
    this.#vpc = vpc;
  }

  /** It may send to nothing that it was not let in to. */
  group(): SecurityGroup {
    this.#group ??= new SecurityGroup(this, 'Workers', {
      vpc: this.#vpc,
      description: 'Headroom: the workers of this VPC',
      allowAllOutbound: false,
    });
    return this.#group;
  }

  /**
   * The URL of an endpoint for Secrets Manager that lets these workers in. Its name is not put into the VPC's DNS, so
   * that nobody else uses it.
   */
  secretsEndpoint(subnets: SubnetSelection, workers: readonly ISecurityGroup[]): string {
    this.#endpoint ??= new InterfaceVpcEndpoint(this, 'SecretsEndpoint', {
      vpc: this.#vpc,
      subnets,
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      securityGroups: [
        new SecurityGroup(this, 'SecretsEndpointGroup', {
          vpc: this.#vpc,
          description: 'Headroom: Secrets Manager for the workers',
          allowAllOutbound: false,
        }),
      ],
      privateDnsEnabled: false,
      open: false,
    });
    for (const worker of workers) worker.connections.allowTo(this.#endpoint, Port.HTTPS, 'Secrets Manager');
    // "Z1234567890:vpce-….secretsmanager.eu-west-1.vpce.amazonaws.com"
    return `https://${Fn.select(1, Fn.split(':', Fn.select(0, this.#endpoint.vpcEndpointDnsEntries)))}`;
  }
}

/** HTTPS to Secrets Manager by whatever way the subnets have. */
export function allowHttpsOut(workers: readonly ISecurityGroup[]): void {
  for (const worker of workers) worker.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'Secrets Manager');
}
