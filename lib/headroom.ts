import { CfnOutput, Lazy, Stack } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { awsTargetsOf } from './config/aws-targets.ts';
import { pageOf } from './config/settings.ts';
import { checkInstallation, checkTarget, fileOf, type CheckedTarget } from './database/checked-target.ts';
import { factsOf, switchOnIam, type Database } from './database/facts.ts';
import type { HeadroomProps, ProtectProps } from './database/props.ts';
import { encryptAll } from './house/customer-key.ts';
import { SharedResources } from './shared/shared-resources.ts';
import { allowHttpsOut, SharedNetwork } from './target/shared-network.ts';
import { TargetResources, type Placement } from './target/target-resources.ts';

/**
 * An installation of Headroom in a stack: incident table, notices topic, workflow and control functions. `protect` adds a
 * database. Throws ConfigInvalid, which names every property that is wrong.
 */
export class Headroom extends Construct {
  readonly #props: HeadroomProps;
  readonly #hasPage: boolean;
  readonly #shared: SharedResources;
  readonly #networks = new Map<IVpc, SharedNetwork>();
  readonly #targets: string[] = [];
  readonly #written: object[] = [];

  constructor(scope: Construct, id: string, props: HeadroomProps = {}) {
    super(scope, id);
    const { asks, notify } = checkInstallation(props);
    this.#props = props;
    this.#hasPage = props.approvals ?? asks;
    const page = pageOf(this.#hasPage, props.reports?.linkDays);
    this.#shared = new SharedResources(this, 'Default', {
      prefix: props.prefix ?? 'headroom',
      targets: Lazy.list({ produce: () => this.#targets }, { omitEmpty: false }),
      notify,
      bus: busOf(props),
      keyArn: props.encryptionKey?.keyArn,
      hasDashboard: props.dashboard ?? false,
      page,
    });
    if (props.encryptionKey !== undefined) encryptAll(this, props.encryptionKey.keyArn);
    new CfnOutput(this, 'Configuration', {
      value: Lazy.string({ produce: () => this.#configuration() }),
      description: 'The headroom.yaml that the commands of headroom read',
    });
  }

  /**
   * Looks after a database: alarms, a worker in its VPC that its security groups let in, and its settings in the incident
   * table. Of a cluster it looks after every member, those that come later included. They are in the stack of this
   * construct, which comes after that of the database. A database of the app with auth mode "iam" gets IAM
   * authentication switched on. Throws ConfigInvalid with every problem: what a property says, and what an imported
   * database does not know of itself.
   */
  protect(database: Database, props: ProtectProps): void {
    const { region } = Stack.of(this);
    const checked = checkTarget(factsOf(database), props, {
      props: this.#props,
      hasPage: this.#hasPage,
      region,
      targets: this.#targets,
    });
    const [target] = awsTargetsOf(checked.config).targets;
    if (target === undefined) throw new Error('a target that was checked is gone');

    if (target.login.mode === 'iam') switchOnIam(database);
    const network = this.#place(checked);
    for (const group of network.securityGroups) group.connections.allowToDefaultPort(database, 'Headroom: workers');
    const resources = new TargetResources(this, props.id, { config: checked.config, target, network, region });
    // It is registered by a function of what all share, in a table that comes last.
    resources.node.addDependency(this.#shared);
    for (const secret of checked.secrets) secret.encryptionKey?.grantDecrypt(resources.worker);
    this.#targets.push(props.id);
    const { subnetIds } = checked.vpc.selectSubnets(checked.vpcSubnets);
    this.#written.push({ ...checked.written, network: { vpcId: checked.vpc.vpcId, subnetIds } });
  }

  /** JSON is YAML. */
  #configuration(): string {
    const stack = Stack.of(this);
    return stack.toJsonString({ ...fileOf(this.#props, stack.region, stack.account), targets: this.#written });
  }

  #place({ vpc, vpcSubnets = {}, securityGroups, target }: CheckedTarget): Placement {
    const network = this.#networks.get(vpc) ?? new SharedNetwork(this, `Network${vpc.node.addr.slice(-8)}`, vpc);
    this.#networks.set(vpc, network);
    const workers = securityGroups === undefined ? [network.group()] : [...securityGroups];
    if (target.auth.mode === 'secret' && target.auth.secretsAccess === 'nat') allowHttpsOut(workers);
    return {
      vpc,
      vpcSubnets,
      securityGroups: workers,
      secretsEndpoint: () => network.secretsEndpoint(vpcSubnets, workers),
    };
  }
}

function busOf({ eventBus }: HeadroomProps): string {
  if (eventBus === undefined || eventBus === 'none') return eventBus ?? 'default';
  return eventBus.eventBusArn;
}
