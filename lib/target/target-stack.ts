import { ArnFormat, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData, type Alarm, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, RuleTargetInput, Schedule, type RuleProps } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Function as ReferencedFunction, FunctionBase, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { AwsPlace, AwsTarget } from '../config/aws-targets.ts';
import { ruleInputsOf } from '../config/rule-inputs.ts';
import type { HeadroomConfig } from '../config/schema.ts';
import { toWorkerSettings } from '../config/settings.ts';
import { acknowledge } from '../house/acknowledge.ts';
import type { ControlName } from '../house/control-names.ts';
import { namesOf, type Names } from '../house/names.ts';
import { OwnAlarm } from '../house/own-alarm.ts';
import { EventInput } from './event-input.ts';
import { certificatesFor } from './rds-ca.ts';
import { TargetAlarms, usageMetric } from './target-alarms.ts';
import { WorkerFunction } from './worker-function.ts';
import { WorkerNetwork } from './worker-network.ts';

interface TargetStackProps extends StackProps {
  readonly config: HeadroomConfig;
  readonly target: AwsTarget;
  readonly env: AwsPlace;
}

/** What one target has for itself: its alarms, the rules that lead to the shared functions, and its worker. */
export class TargetStack extends Stack {
  readonly #config: HeadroomConfig;
  readonly #target: AwsTarget;
  readonly #id: string;
  readonly #place: AwsPlace;
  readonly #names: Names;

  constructor(scope: Construct, id: string, { config, target, env }: TargetStackProps) {
    super(scope, id, { description: `Headroom: target ${target.target.id}`, env });
    this.#config = config;
    this.#target = target;
    this.#id = target.target.id;
    this.#place = env;
    this.#names = namesOf(config.installation.prefix);

    const { trigger, critical, usage } = new TargetAlarms(this, 'Alarms', { names: this.#names, target });
    const undelivered = this.#createUndelivered();
    const inputs = ruleInputsOf(config, target.target);
    this.#dispatchOn([trigger, critical, usage], inputs.alarm, undelivered);
    this.#reconcileEveryMinute(inputs.minute);
    this.#checkEveryDay(inputs.check);
    this.#sampleEveryMinute(inputs.sample);
    this.#watch(this.#createWorker(), undelivered);

    new CfnOutput(this, 'TriggerAlarm', { value: trigger.alarmName, description: 'Opens an incident' });
    new CfnOutput(this, 'CriticalAlarm', { value: critical.alarmName, description: 'Opens an incident at once' });
  }

  #dispatchOn(alarms: readonly Alarm[], input: object, undelivered: Queue): void {
    new Rule(this, 'AlarmRule', {
      ruleName: this.#names.alarmRule(this.#id),
      description: `An alarm of ${this.#id} went off: dispatch it`,
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        resources: alarms.map((alarm) => alarm.alarmArn),
        detail: { state: { value: ['ALARM'] } },
      },
      targets: [
        new LambdaFunction(this.#shared('dispatch'), {
          event: new EventInput(input),
          deadLetterQueue: undelivered,
          // Old alarms must not lead to new harm; the reconciler finds those that are still active.
          maxEventAge: Duration.minutes(5),
          retryAttempts: 3,
        }),
      ],
    });
  }

  #reconcileEveryMinute(input: object): void {
    const description = `Looks after the incidents and alarms of ${this.#id}`;
    this.#everyMinute('EveryMinute', { ruleName: this.#names.minuteRule(this.#id), description }, 'reconcile', input);
  }

  #sampleEveryMinute(input: object): void {
    const description = `Samples ${this.#id}, which also keeps its worker warm`;
    this.#everyMinute('Sample', { ruleName: this.#names.sampleRule(this.#id), description }, 'sample', input);
  }

  #checkEveryDay(input: object): void {
    const schedule = Schedule.cron({ hour: '6', minute: '17' });
    const description = `Checks whether all that Headroom needs on ${this.#id} is in place`;
    this.#onSchedule('Check', { ruleName: this.#names.checkRule(this.#id), description, schedule }, 'sample', input);
  }

  #everyMinute(id: string, rule: RuleProps, name: ControlName, input: object): void {
    this.#onSchedule(id, { ...rule, schedule: Schedule.rate(Duration.minutes(1)) }, name, input);
  }

  /** A call that fails is not repeated: its time brings the next. */
  #onSchedule(id: string, rule: RuleProps, name: ControlName, input: object): void {
    const event = RuleTargetInput.fromObject(input);
    new Rule(this, id, {
      ...rule,
      targets: [new LambdaFunction(this.#shared(name), { event, maxEventAge: Duration.minutes(1), retryAttempts: 0 })],
    });
  }

  /** A function of the shared stack, by name. It lets the rules of every target in, so nothing is granted from here. */
  #shared(name: ControlName): IFunction {
    const known = this.node.tryFindChild(name);
    if (known instanceof FunctionBase) return known;
    return ReferencedFunction.fromFunctionAttributes(this, name, {
      functionArn: this.#arn('lambda', 'function', this.#names.control(name)),
      sameEnvironment: false,
      skipPermissions: true,
    });
  }

  #createUndelivered(): Queue {
    const queue = new Queue(this, 'Undelivered', {
      queueName: this.#names.undelivered(this.#id),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(queue, 'SQS3', 'This is itself the queue of last resort; an alarm watches its depth.');
    return queue;
  }

  #createWorker(): WorkerFunction {
    const network = new WorkerNetwork(this, 'Network', this.#target);
    const worker = new WorkerFunction(this, 'Worker', {
      functionName: this.#names.worker(this.#id),
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
    if (login.mode === 'iam') return {};
    if (login.access === 'endpoint') return { AWS_ENDPOINT_URL_SECRETS_MANAGER: network.addSecretsEndpoint() };
    network.allowHttpsOut();
    return {};
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

  #watch(worker: WorkerFunction, undelivered: Queue): void {
    const topicArn = this.formatArn({ service: 'sns', resource: this.#names.topic });
    const topic = Topic.fromTopicArn(this, 'Notices', topicArn);
    const alarmOnAny = (section: string, metric: Metric, happened: string): OwnAlarm =>
      new OwnAlarm(this, section, {
        alarmName: this.#names.targetAlarm(this.#id, section),
        topic,
        section,
        happened,
        metric,
        threshold: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // No data means that nothing ran and nothing waits.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
    alarmOnAny(
      'undelivered',
      undelivered.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' }),
      `an alarm of ${this.#id} could not be delivered to dispatch; the event waits in the queue`,
    );
    alarmOnAny(
      'worker-errors',
      worker.metricErrors({ period: Duration.minutes(1), statistic: 'Sum' }),
      `the worker of ${this.#id} crashed or ran out of time`,
    );
    // Here missing data is the alarm: the alarms on percentages have nothing to watch.
    new OwnAlarm(this, 'sampler-silent', {
      alarmName: this.#names.targetAlarm(this.#id, 'sampler-silent'),
      topic,
      section: 'sampler-silent',
      happened: `the usage of ${this.#id} has not been sampled for five minutes`,
      metric: usageMetric(this.#id, 'SampleCount', Duration.minutes(5)),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
