import { ArnFormat, CfnOutput, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { AwsTarget } from '../config/aws-targets.ts';
import type { HeadroomConfig } from '../config/schema.ts';
import { reservedSlotsOf, toTargetSettings, toWorkerSettings } from '../config/settings.ts';
import { namesOf, type Names } from '../house/names.ts';
import { RegisteredTarget } from '../house/registered.ts';
import { certificatesFor } from './rds-ca.ts';
import { TargetAlarms } from './target-alarms.ts';
import { WorkerFunction } from './worker-function.ts';

/** Where a worker is placed, and in which groups. */
export interface Placement {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly securityGroups: ISecurityGroup[];
  /** The URL of the endpoint for Secrets Manager that the workers of the VPC use. */
  secretsEndpoint(): string;
}

interface TargetResourcesProps {
  readonly config: HeadroomConfig;
  readonly target: AwsTarget;
  readonly network: Placement;
  /** May be a token. */
  readonly region: string;
}

/** What one target has for itself: its alarms, its worker, and its settings in the incident table. */
export class TargetResources extends Construct {
  readonly worker: WorkerFunction;
  readonly #props: TargetResourcesProps;
  readonly #names: Names;

  constructor(scope: Construct, id: string, props: TargetResourcesProps) {
    super(scope, id);
    this.#props = props;
    const { config, target } = props;
    this.#names = namesOf(config.installation.prefix);

    const alarms = this.#createAlarms();
    this.worker = this.#createWorker();
    const registered = new RegisteredTarget(this, 'Registered', {
      names: this.#names,
      settings: toTargetSettings(config, target.target),
    });
    // It comes last and goes first: nobody acts upon a target without a worker, which lifts the limits of one that goes.
    registered.node.addDependency(this.worker, ...alarms);
  }

  /** None for a cluster: those of its members are made when they are found. */
  #createAlarms(): TargetAlarms[] {
    const { target, config } = this.#props;
    const { maxConnections } = target;
    const { runbook } = config.notify;
    if (maxConnections === null) return [];
    const slots = maxConnections - reservedSlotsOf(target.target);
    const alarms = new TargetAlarms(this, 'Alarms', { names: this.#names, target, slots, runbook });
    const { trigger, critical } = alarms;
    new CfnOutput(this, 'TriggerAlarm', { value: trigger.alarmName, description: 'Opens an incident' });
    new CfnOutput(this, 'CriticalAlarm', { value: critical.alarmName, description: 'Opens an incident at once' });
    return [alarms];
  }

  #createWorker(): WorkerFunction {
    const { config, target, network, region } = this.#props;
    const worker = new WorkerFunction(this, 'Worker', {
      functionName: this.#names.worker(target.target.id),
      settings: toWorkerSettings(config, target.target),
      reservedConcurrency: target.target.reservedConcurrency,
      network,
      environment: this.#reachSecrets(),
      certificates: certificatesFor(target.target, region, new Date()),
    });
    this.#allowLogin(worker);
    return worker;
  }

  /**
   * The variables that lead the worker's SDK to Secrets Manager; with IAM authentication it calls no AWS API at all.
   */
  #reachSecrets(): Record<string, string> {
    const { login } = this.#props.target;
    const isByEndpoint = login.mode === 'secret' && login.access === 'endpoint';
    return isByEndpoint ? { AWS_ENDPOINT_URL_SECRETS_MANAGER: this.#props.network.secretsEndpoint() } : {};
  }

  /** Exactly its two logins. */
  #allowLogin(worker: WorkerFunction): void {
    const { login } = this.#props.target;
    if (login.mode === 'secret') worker.allow(['secretsmanager:GetSecretValue'], [...login.secretArns]);
    else {
      const logins = login.users.map((user) => this.#arn('rds-db', 'dbuser', `${login.resourceId}/${user}`));
      worker.allow(['rds-db:connect'], logins);
    }
  }

  #arn(service: string, resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service, resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }
}
