import { ArnFormat, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Match, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { FleetFunction } from '../../functions/core/ports/outside.ts';
import { RDS_CATEGORIES, RDS_EVENTS } from '../../functions/core/members/rds-event.ts';
import type { LinkPlaces } from '../../functions/core/messages/form/places.ts';
import { acknowledge } from '../house/acknowledge.ts';
import type { ControlName } from '../house/control-names.ts';
import { encryptAll, TO_SEND } from '../house/customer-key.ts';
import { namesOf, type Names } from '../house/names.ts';
import { ListedTargets } from '../house/registered.ts';
import { channelsIn, hasChannels, secretArnsOf, type Notify } from '../notify/settings.ts';
import { ApprovalPage } from './approval-page.ts';
import { ControlFunction } from './control-function.ts';
import { InstallationDashboard } from './dashboard.ts';
import { IncidentTable } from './incident-table.ts';
import { NoticesTopic } from './notices-topic.ts';
import { SelfMonitoring } from './self-monitoring.ts';
import { IncidentWorkflow } from './workflow.ts';

interface SharedResourcesProps {
  readonly prefix: string;
  /** The ids of all targets. */
  readonly targets: readonly string[];
  readonly notify: Notify;
  /** Where changes of incidents go: `default`, `none` or the ARN of an event bus. */
  readonly bus: string;
  /** A customer's key for table, topic, queues and logs; undefined: keys of AWS, and one of its own for the topic. */
  readonly keyArn: string | undefined;
  /** Makes a dashboard, which costs. */
  readonly hasDashboard: boolean;
  /** The page where people answer and read reports, and for how many days links to reports work; 0: there are none. */
  readonly page: { readonly isThere: boolean; readonly linkDays: number };
}

/** What all targets share: the incident store, the topic, the control functions and the workflow. */
export class SharedResources extends Construct {
  readonly #prefix: string;
  readonly #names: Names;
  readonly #table: IncidentTable;
  readonly #topic: NoticesTopic;
  readonly #places: LinkPlaces;

  constructor(scope: Construct, id: string, props: SharedResourcesProps) {
    super(scope, id);
    const { prefix, targets, notify, bus, keyArn, hasDashboard } = props;
    this.#prefix = prefix;
    this.#names = namesOf(prefix);
    this.#table = new IncidentTable(this, 'Incidents', { tableName: this.#names.table, keyArn });
    const { email: emails, sms, runbook } = notify;
    this.#places = {
      workflow: this.#arn('states', 'stateMachine', this.#names.workflow),
      ...(hasDashboard && { dashboard: this.#names.dashboard }),
      ...(runbook !== undefined && { runbook }),
    };
    this.#topic = new NoticesTopic(this, 'Notices', { topicName: this.#names.topic, emails, sms, keyArn });

    const page = props.page.isThere ? new ApprovalPage(this, 'ApprovalPage', { names: this.#names }) : null;
    const steps = this.#createSteps(page);
    const { stateMachine } = new IncidentWorkflow(this, 'Workflow', {
      stateMachineName: this.#names.workflow,
      ...steps,
    });
    const deliver = this.#createDeliver(notify);
    const dispatchFailures = this.#createDispatchFailures();
    const dispatch = this.#createDispatch(stateMachine, dispatchFailures);
    if (keyArn !== undefined) {
      encryptAll(this, keyArn);
      // It sends to the queue of what it failed at.
      dispatch.allow(TO_SEND, [keyArn]);
    }
    const reconcile = this.#createReconcile(stateMachine);
    if (bus !== 'none') this.#announceOn(bus, [dispatch, reconcile, steps.notify]);
    const follow = this.#createFollow();
    const sample = this.#createSample(dispatch, follow);
    const tick = this.#createTick({ sample, reconcile, follow, notify: steps.notify });
    const register = this.#createRegister(targets);
    const decide = page && this.#createDecide(page, stateMachine);
    if (page !== null && decide !== null && props.page.linkDays > 0) {
      const { ask, escalate, notify } = steps;
      linkReports(page, props.page.linkDays, {
        decide,
        senders: [ask, escalate, notify, dispatch, reconcile, register, follow],
      });
    }

    new SelfMonitoring(this, 'SelfMonitoring', {
      prefix,
      topic: this.#topic,
      stateMachine,
      functions: { dispatch, reconcile, sample, follow, tick, register, decide, deliver, ...steps },
      dispatchFailures,
      runbook,
    });
    if (hasDashboard) {
      const { act, escalate, close } = steps;
      const functions = { sample, tick, dispatch, act, escalate, close };
      new InstallationDashboard(this, 'Dashboard', { names: this.#names, stateMachine, functions });
    }
    this.#table.createLast();
    this.#describeOutputs(stateMachine);
  }

  #createSteps(page: ApprovalPage | null) {
    const steps = {
      diagnose: this.#createFunction('diagnose'),
      ask: this.#createFunction('ask', page === null ? {} : { HEADROOM_PAGE_URL: page.url }),
      act: this.#createFunction('act'),
      escalate: this.#createFunction('escalate'),
      close: this.#createFunction('close'),
      // By name: the workflow is made of it.
      notify: this.#createFunction('notify', {
        HEADROOM_STATE_MACHINE_ARN: this.#arn('states', 'stateMachine', this.#names.workflow),
      }),
    };
    this.#allowWorkers(steps.diagnose);
    steps.diagnose.allow(
      ['rds:DescribeEvents', 'rds:DescribeDBInstances', 'cloudwatch:GetMetricData'],
      ['*'],
      'The metrics and the events of parameter groups know no narrower scope; reading only, as evidence for the cause.',
    );
    this.#allowWorkers(steps.act);
    this.#topic.allowPublishing(steps.ask);
    // It lifts limits, and pages a person when it cannot.
    this.#allowWorkers(steps.close);
    this.#topic.allowPublishing(steps.close);
    this.#topic.allowPublishing(steps.escalate);
    this.#topic.allowPublishing(steps.notify);
    return steps;
  }

  #createDispatch(stateMachine: StateMachine, failures: Queue): ControlFunction {
    const dispatch = this.#createFunction('dispatch', {
      HEADROOM_PREFIX: this.#prefix,
      HEADROOM_STATE_MACHINE_ARN: stateMachine.stateMachineArn,
    });
    // An old alarm is not worth a start any more; the reconciler finds those that are still active.
    dispatch.configureAsyncInvoke({
      maxEventAge: Duration.minutes(5),
      retryAttempts: 2,
      onFailure: new SqsDestination(failures),
    });
    this.#allowIncidents(dispatch, stateMachine);
    this.#allowTargetRules(dispatch);
    this.#dispatchAlarms(dispatch, failures);
    return dispatch;
  }

  /** The alarms of every target, and no other: not those on Headroom itself. */
  #dispatchAlarms(dispatch: ControlFunction, failures: Queue): void {
    const alarms = this.#names.anyAlarms.map((name) => Match.wildcard(this.#arn('cloudwatch', 'alarm', name)));
    new Rule(this, 'Alarms', {
      ruleName: this.#names.alarmRule,
      description: 'An alarm of a target went off: dispatch it',
      eventPattern: {
        source: ['aws.cloudwatch'],
        detailType: ['CloudWatch Alarm State Change'],
        resources: Match.anyOf(...alarms),
        detail: { state: { value: ['ALARM'] } },
      },
      targets: [
        new LambdaFunction(dispatch, {
          deadLetterQueue: failures,
          // Old alarms must not lead to new harm; the reconciler finds those that are still active.
          maxEventAge: Duration.minutes(5),
          retryAttempts: 3,
        }),
      ],
    });
  }

  #createReconcile(stateMachine: StateMachine): ControlFunction {
    const reconcile = this.#createFunction('reconcile', { HEADROOM_STATE_MACHINE_ARN: stateMachine.stateMachineArn });
    // The next minute brings the next call, while there is something to do.
    reconcile.configureAsyncInvoke({ maxEventAge: Duration.minutes(1), retryAttempts: 0 });
    this.#allowIncidents(reconcile, stateMachine);
    this.#allowWaking(reconcile, stateMachine);
    this.#allowWorkers(reconcile);
    this.#allowTargetRules(reconcile);
    new Rule(this, 'WorkflowEnded', {
      ruleName: this.#names.workflowEndedRule,
      description: 'A workflow that did not reach its end: close its incident as failed and page a person',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      targets: [new LambdaFunction(reconcile, { maxEventAge: Duration.minutes(5), retryAttempts: 3 })],
    });
    return reconcile;
  }

  #createSample(dispatch: ControlFunction, follow: ControlFunction): ControlFunction {
    const sample = this.#createFunction('sample', {
      HEADROOM_DISPATCH: dispatch.functionName,
      HEADROOM_FOLLOW: follow.functionName,
    });
    // The next minute brings the next call.
    sample.configureAsyncInvoke({ maxEventAge: Duration.minutes(1), retryAttempts: 0 });
    sample.allow(['lambda:InvokeFunction'], [dispatch.functionArn, follow.functionArn]);
    sample.allow(
      ['cloudwatch:GetMetricData'],
      ['*'],
      'Metrics know no narrower scope; reading only, whether anybody is connected to a server that pauses.',
    );
    this.#allowWorkers(sample);
    this.#topic.allowPublishing(sample);
    this.#allowTargetRules(sample);
    return sample;
  }

  /** Asks RDS about targets: each hour, when a sample shows that something has changed, and on events of RDS. */
  #createFollow(): ControlFunction {
    // By name, since each of the two calls the other.
    const sample = this.#names.control('sample');
    const follow = this.#createFunction('follow', { HEADROOM_SAMPLE: sample });
    follow.allow(['lambda:InvokeFunction'], [this.#arn('lambda', 'function', sample)]);
    follow.configureAsyncInvoke({ maxEventAge: Duration.minutes(5), retryAttempts: 2 });
    this.#allowWorkers(follow);
    this.#topic.allowPublishing(follow);
    follow.allow(
      ['rds:DescribeDBClusters', 'rds:DescribeDBInstances'],
      [this.#arn('rds', 'cluster', '*'), this.#arn('rds', 'db', '*')],
      'Members come and go, and the list of an installation’s clusters outgrows a policy; reading only.',
    );
    this.#allowAlarms(follow);
    follow.allow(
      ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'],
      this.#names.connectionAlarms.map((name) => this.#arn('cloudwatch', 'alarm', name)),
      'The alarms on connections of this installation’s targets and no others; those of members come and go.',
    );
    new Rule(this, 'RdsEvents', {
      ruleName: this.#names.rdsEventsRule,
      description: 'RDS has changed a server or a cluster: look whether it is a target',
      eventPattern: {
        source: ['aws.rds'],
        account: [Stack.of(this).account],
        detailType: [...RDS_EVENTS],
        detail: { EventCategories: [...RDS_CATEGORIES] },
      },
      targets: [new LambdaFunction(follow, { maxEventAge: Duration.minutes(5), retryAttempts: 2 })],
    });
    return follow;
  }

  /** The clock of the whole fleet. It reads what there is to do, calls other functions, and does nothing else. */
  #createTick(called: { readonly [Name in FleetFunction]: ControlFunction }): ControlFunction {
    const { sample, reconcile, follow, notify } = called;
    const tick = new ControlFunction(this, 'tick', {
      names: this.#names,
      environment: {
        HEADROOM_TABLE: this.#table.nameInAdvance,
        HEADROOM_PREFIX: this.#prefix,
        HEADROOM_SAMPLE: sample.functionName,
        HEADROOM_RECONCILE: reconcile.functionName,
        HEADROOM_FOLLOW: follow.functionName,
        HEADROOM_NOTIFY: notify.functionName,
      },
    });
    this.#table.grantRoster(tick);
    tick.allow(
      ['lambda:InvokeFunction'],
      [sample, reconcile, follow, notify].map(({ functionArn }) => functionArn),
    );
    this.#allowAlarms(tick);
    // The next minute brings the next.
    const once = { maxEventAge: Duration.minutes(1), retryAttempts: 0 };
    tick.configureAsyncInvoke(once);
    notify.configureAsyncInvoke(once);
    new Rule(this, 'EveryMinute', {
      ruleName: this.#names.tickRule,
      description: 'Every minute, for all targets',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(tick, once)],
    });
    return tick;
  }

  /** CloudFormation calls it, with the rights of whoever deploys. */
  #createRegister(targets: readonly string[]): ControlFunction {
    const register = this.#createFunction('register');
    // It lifts the limits of a target that goes, and pages a person when it cannot.
    this.#allowWorkers(register);
    this.#topic.allowPublishing(register);
    const listed = new ListedTargets(this, 'Targets', { names: this.#names, targets });
    listed.node.addDependency(register);
    return register;
  }

  #createDecide(page: ApprovalPage, stateMachine: StateMachine): ControlFunction {
    // The only function that the internet reaches has the table and the workflow, and of each no more than it needs.
    const decide = new ControlFunction(this, 'decide', {
      names: this.#names,
      environment: {
        HEADROOM_TABLE: this.#table.nameInAdvance,
        HEADROOM_STATE_MACHINE_ARN: stateMachine.stateMachineArn,
      },
    });
    this.#table.grantAnswer(decide);
    this.#allowWaking(decide, stateMachine);
    page.serveWith(decide);
    new CfnOutput(this, 'ApprovalPageUrl', { value: page.url, description: 'Where links in questions lead' });
    return decide;
  }

  /** Reads the secrets of the configured channels and no others. Null where mail and telephones are all. */
  #createDeliver(notify: Notify): ControlFunction | null {
    if (!hasChannels('aws', notify)) return null;
    const channels = channelsIn('aws', notify);
    const deliver = new ControlFunction(this, 'deliver', {
      names: this.#names,
      environment: { HEADROOM_TABLE: this.#table.nameInAdvance, HEADROOM_CHANNELS: JSON.stringify(channels) },
    });
    // After its own tries: a minute later, and two more after that.
    deliver.configureAsyncInvoke({ maxEventAge: Duration.hours(1), retryAttempts: 2 });
    this.#table.grantDeliveries(deliver);
    const secrets = secretArnsOf(notify);
    if (secrets.length > 0) deliver.allow(['secretsmanager:GetSecretValue'], secrets);
    if (channels.amazonQ !== undefined) deliver.allow(['sns:Publish'], [channels.amazonQ.topicArn]);
    this.#topic.handTo(deliver);
    return deliver;
  }

  #createDispatchFailures(): Queue {
    const queue = new Queue(this, 'DispatchFailures', {
      queueName: this.#names.dispatchFailures,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(queue, 'SQS3', 'This is itself the queue of last resort; an alarm watches its depth.');
    return queue;
  }

  #createFunction(name: ControlName, environment: Readonly<Record<string, string>> = {}): ControlFunction {
    const created = new ControlFunction(this, name, {
      names: this.#names,
      environment: {
        HEADROOM_TABLE: this.#table.nameInAdvance,
        HEADROOM_TOPIC_ARN: this.#topic.topicArn,
        HEADROOM_LINKS: JSON.stringify(this.#places),
        ...environment,
      },
    });
    this.#table.grantUse(created);
    return created;
  }

  /** Starting workflows, reading their state and that of alarms, notifying a person. */
  #allowIncidents(grantee: ControlFunction, stateMachine: StateMachine): void {
    stateMachine.grantStartExecution(grantee);
    grantee.allow(
      ['states:DescribeExecution'],
      [this.#arn('states', 'execution', `${this.#names.workflow}:*`)],
      'Executions are named after incidents; reading only, of this one workflow.',
    );
    this.#allowAlarms(grantee);
    this.#topic.allowPublishing(grantee);
  }

  #allowAlarms(grantee: ControlFunction): void {
    grantee.allow(
      ['cloudwatch:DescribeAlarms'],
      ['*'],
      'CloudWatch does not return composite alarms under any narrower scope; reading only.',
    );
  }

  /** Waking a workflow when its question has been answered. */
  #allowWaking(grantee: ControlFunction, stateMachine: StateMachine): void {
    grantee.allow(['states:SendTaskSuccess'], [stateMachine.stateMachineArn]);
  }

  /** Lets functions put events on the bus. */
  #announceOn(bus: string, announcers: readonly ControlFunction[]): void {
    const busArn = bus === 'default' ? this.#arn('events', 'event-bus', bus, ArnFormat.SLASH_RESOURCE_NAME) : bus;
    for (const announcer of announcers) {
      announcer.allow(['events:PutEvents'], [busArn]);
      announcer.addEnvironment('HEADROOM_EVENT_BUS_ARN', busArn);
      announcer.addEnvironment('HEADROOM_PREFIX', this.#prefix);
    }
  }

  #allowWorkers(grantee: ControlFunction): void {
    grantee.allow(
      ['lambda:InvokeFunction'],
      [this.#arn('lambda', 'function', this.#names.anyWorker)],
      'Workers come and go with the stacks of their targets and share this prefix.',
    );
  }

  /**
   * For the rules of targets that an earlier version has deployed: their alarms and samples must arrive until the
   * deployment has come to their stacks.
   */
  #allowTargetRules(target: ControlFunction): void {
    target.addPermission('TargetRules', {
      principal: new ServicePrincipal('events.amazonaws.com'),
      sourceArn: this.#arn('events', 'rule', this.#names.anyTargetRule, ArnFormat.SLASH_RESOURCE_NAME),
    });
  }

  #arn(service: string, resource: string, resourceName: string, arnFormat = ArnFormat.COLON_RESOURCE_NAME): string {
    return Stack.of(this).formatArn({ service, resource, resourceName, arnFormat });
  }

  #describeOutputs(stateMachine: StateMachine): void {
    new CfnOutput(this, 'NoticesTopicArn', {
      value: this.#topic.topicArn,
      description: 'Subscribe the people to notify',
    });
    new CfnOutput(this, 'IncidentTableName', { value: this.#table.tableName, description: 'The incident store' });
    new CfnOutput(this, 'StateMachineArn', { value: stateMachine.stateMachineArn, description: 'The workflow' });
  }
}

interface Linked {
  readonly decide: ControlFunction;
  /** Functions that write messages about incidents. */
  readonly senders: readonly ControlFunction[];
}

/** Lets messages link to reports, and the page show them. Without it the page refuses every link that was sent. */
function linkReports(page: ApprovalPage, days: number, { decide, senders }: Linked): void {
  decide.addEnvironment('HEADROOM_REPORT_DAYS', String(days));
  for (const sender of senders) {
    sender.addEnvironment('HEADROOM_PAGE_URL', page.url);
    sender.addEnvironment('HEADROOM_REPORT_DAYS', String(days));
  }
}
