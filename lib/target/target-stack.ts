import { ArnFormat, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AwsPlace, AwsTarget } from '../config/aws-targets.ts';
import type { HeadroomConfig } from '../config/schema.ts';
import { reservedSlotsOf, toTargetSettings, toWorkerSettings } from '../config/settings.ts';
import { namesOf, type Names } from '../house/names.ts';
import { RegisteredTarget } from '../house/registered.ts';
import { certificatesFor } from './rds-ca.ts';
import { TargetAlarms } from './target-alarms.ts';
import { WorkerFunction } from './worker-function.ts';
import { WorkerNetwork } from './worker-network.ts';

interface TargetStackProps extends StackProps {
  readonly config: HeadroomConfig;
  readonly target: AwsTarget;
  readonly env: AwsPlace;
}

/** What one target has for itself: its alarms, its worker, and its settings in the incident table. */
export class TargetStack extends Stack {
  readonly #config: HeadroomConfig;
  readonly #target: AwsTarget;
  readonly #place: AwsPlace;
  readonly #names: Names;

  constructor(scope: Construct, id: string, { config, target, ...props }: TargetStackProps) {
    super(scope, id, { description: `Headroom: target ${target.target.id}`, ...props });
    this.#config = config;
    this.#target = target;
    this.#place = props.env;
    this.#names = namesOf(config.installation.prefix);

    const alarms = this.#createAlarms();
    const worker = this.#createWorker();
    const registered = new RegisteredTarget(this, 'Registered', {
      names: this.#names,
      settings: toTargetSettings(config, target.target),
    });
    // It comes last and goes first: nobody acts upon a target without a worker, which lifts the limits of one that goes.
    registered.node.addDependency(worker, ...alarms);
  }

  /** None for a cluster: those of its members are made when they are found. */
  #createAlarms(): TargetAlarms[] {
    const { maxConnections, target } = this.#target;
    if (maxConnections === null) return [];
    const slots = maxConnections - reservedSlotsOf(target);
    const alarms = new TargetAlarms(this, 'Alarms', { names: this.#names, target: this.#target, slots });
    const { trigger, critical } = alarms;
    new CfnOutput(this, 'TriggerAlarm', { value: trigger.alarmName, description: 'Opens an incident' });
    new CfnOutput(this, 'CriticalAlarm', { value: critical.alarmName, description: 'Opens an incident at once' });
    return [alarms];
  }

  #createWorker(): WorkerFunction {
    const network = new WorkerNetwork(this, 'Network', { names: this.#names, target: this.#target });
    const worker = new WorkerFunction(this, 'Worker', {
      functionName: this.#names.worker(this.#target.target.id),
      settings: toWorkerSettings(this.#config, this.#target.target),
      reservedConcurrency: this.#target.target.reservedConcurrency,
      network,
      environment: this.#reachSecrets(network),
      certificates: certificatesFor(this.#target.target, this.#place.region, new Date()),
    });
    this.#allowLogin(worker);
    return worker;
  }

  /**
   * The variables that lead the worker's SDK to Secrets Manager; with IAM authentication it calls no AWS API at all.
   */
  #reachSecrets(network: WorkerNetwork): Record<string, string> {
    const { login } = this.#target;
    const isByEndpoint = login.mode === 'secret' && login.access === 'endpoint';
    return isByEndpoint ? { AWS_ENDPOINT_URL_SECRETS_MANAGER: network.secretsEndpoint() } : {};
  }

  /** Exactly its two logins. */
  #allowLogin(worker: WorkerFunction): void {
    const { login } = this.#target;
    if (login.mode === 'secret') worker.allow(['secretsmanager:GetSecretValue'], [...login.secretArns]);
    else {
      const logins = login.users.map((user) => this.#arn('rds-db', 'dbuser', `${login.resourceId}/${user}`));
      worker.allow(['rds-db:connect'], logins);
    }
  }

  #arn(service: string, resource: string, resourceName: string): string {
    return this.formatArn({ service, resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }
}
