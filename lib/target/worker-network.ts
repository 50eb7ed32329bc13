import { Fn, Validations } from 'aws-cdk-lib';
import { Port, SecurityGroup, Vpc, type ISecurityGroup, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { AwsTarget } from '../config/aws-targets.ts';
import { portOf } from '../config/settings.ts';
import type { Names } from '../house/names.ts';

/** Where the stack of a VPC says what its workers share. */
export function networkParametersOf(names: Names, vpcId: string) {
  return {
    WorkerGroup: names.networkParameter(vpcId, 'worker-group'),
    SecretsEndpoint: names.networkParameter(vpcId, 'secrets-endpoint'),
  } as const;
}

/** Where the worker of a target is placed, and in which groups: those it was given, or that of its VPC. */
export class WorkerNetwork extends Construct {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly securityGroups: ISecurityGroup[];
  readonly #parameters: ReturnType<typeof networkParametersOf>;

  constructor(scope: Construct, id: string, { names, target }: { readonly names: Names; readonly target: AwsTarget }) {
    super(scope, id);
    const { network } = target;
    this.#parameters = networkParametersOf(names, network.vpcId);
    this.vpc = placeIn(this, network.vpcId, network.subnetIds);
    this.vpcSubnets = { subnets: this.vpc.privateSubnets };
    const given = network.securityGroupIds;
    this.securityGroups = (given ?? [this.#read('WorkerGroup')]).map((groupId, index) =>
      SecurityGroup.fromSecurityGroupId(this, `Group${index}`, groupId, { mutable: false }),
    );
    // The stack of the VPC does it for its own group.
    if (given !== undefined && network.manageIngress) this.#letIn(target);
  }

  /** The URL of the endpoint for Secrets Manager that the workers of the VPC use. */
  secretsEndpoint(): string {
    return this.#read('SecretsEndpoint');
  }

  #read(what: keyof ReturnType<typeof networkParametersOf>): string {
    return StringParameter.valueForStringParameter(this, this.#parameters[what]);
  }

  #letIn({ target, network }: AwsTarget): void {
    if (network.databaseSecurityGroupId === undefined) return;
    const database = SecurityGroup.fromSecurityGroupId(this, 'Database', network.databaseSecurityGroupId);
    for (const worker of this.securityGroups) {
      database.addIngressRule(worker, Port.tcp(portOf(target)), `Headroom: worker of ${target.id}`);
    }
  }
}

/** A VPC as far as anything is placed in it. */
export function placeIn(scope: Construct, vpcId: string, subnetIds: readonly string[]): IVpc {
  const vpc = Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId,
    // Zones and route tables of the subnets play no part in what is placed here.
    availabilityZones: subnetIds.map((_, index) => Fn.select(index, Fn.getAzs())),
    privateSubnetIds: [...subnetIds],
  });
  Validations.of(vpc).acknowledge({
    id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
    reason: 'Nothing here adds a route.',
  });
  return vpc;
}
