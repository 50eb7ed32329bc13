import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { WorkerSettings } from '../../functions/core/protocol/worker-settings.ts';
import type { BundleName } from '../bundles/entries.ts';
import { bundleOf, bundleWith } from '../bundles/where.ts';
import { BUNDLED_CA } from '../config/settings.ts';
import { HouseFunction } from '../house/house-function.ts';

/** The longest patience a policy allows to get in, and then the time to read and to end sessions. */
const TIME_LIMIT = Duration.seconds(180);

interface WorkerFunctionProps {
  readonly functionName: string;
  readonly settings: WorkerSettings;
  /** At most one execution at a time, and a place for it kept free. */
  readonly reservedConcurrency: boolean;
  readonly network: {
    readonly vpc: IVpc;
    readonly vpcSubnets: SubnetSelection;
    readonly securityGroups: ISecurityGroup[];
  };
  /** PEM for the bundle. */
  readonly certificates: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

/** The only code that reaches a database. One per target, with a role of its own. */
export class WorkerFunction extends HouseFunction {
  constructor(scope: Construct, id: string, props: WorkerFunctionProps) {
    const { functionName, settings, network, certificates } = props;
    const bundle = bundleFor(settings);
    super(scope, id, {
      bundle: certificates === undefined ? bundleOf(bundle) : bundleWith(bundle, BUNDLED_CA, certificates),
      functionName,
      description: `Samples ${settings.instance}, reads its sessions and ends those it is ordered to`,
      timeout: TIME_LIMIT,
      memoryMegabytes: 1024,
      environment: { HEADROOM_WORKER: Stack.of(scope).toJsonString(settings), ...props.environment },
      ...(props.reservedConcurrency ? { reservedConcurrentExecutions: 1 } : {}),
      vpc: network.vpc,
      vpcSubnets: network.vpcSubnets,
      securityGroups: network.securityGroups,
    });
    this.#allowNetworkInterfaces(functionName);
  }

  /** Lambda places the function into the VPC with the function's own role; the function itself has no use for these. */
  #allowNetworkInterfaces(functionName: string): void {
    const self = this.stack.formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.allow(
      NETWORK_INTERFACES,
      ['*'],
      'Lambda needs this to place the function into the VPC; its own code is denied it.',
    );
    this.addToRolePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: NETWORK_INTERFACES,
        resources: ['*'],
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': self } },
      }),
    );
  }
}

const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** The code that a worker with these settings uses, and no more. */
function bundleFor({ engine, auth }: WorkerSettings): BundleName {
  const ofEngine = engine === 'postgres' ? 'worker-postgres' : 'worker-mysql';
  return auth.mode === 'secret' ? `${ofEngine}-secrets` : ofEngine;
}
