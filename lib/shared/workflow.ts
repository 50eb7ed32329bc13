import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  Fail,
  IntegrationPattern,
  JitterType,
  JsonPath,
  LogLevel,
  Pass,
  Result,
  StateMachine,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
  type RetryProps,
  type TaskStateBase,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { TIERS } from '../../functions/core/plan/tiers/index.ts';
import { LONGEST_STAY_MINUTES, LONGEST_WAIT_MINUTES } from '../../functions/core/policy/policy.ts';
import { ERRORS } from '../../functions/core/protocol/errors.ts';
import type { ControlFunction } from './control-function.ts';
import { WorkflowRole } from './workflow-role.ts';

/** Lambda had no place to run the function, or was still waking it: it did not run. */
const DID_NOT_RUN = [
  'Lambda.TooManyRequestsException',
  'Lambda.ResourceNotReadyException',
  'Lambda.ENINotReadyException',
  'Lambda.EC2ThrottledException',
];
/** Trouble of the platform that passes. The function may have run. */
const PASSING_TROUBLE = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
];
/** Some 75 s in all. */
const PATIENTLY = {
  interval: Duration.seconds(2),
  maxAttempts: 6,
  backoffRate: 2,
  maxDelay: Duration.seconds(20),
  jitterStrategy: JitterType.FULL,
} as const satisfies RetryProps;
const ONCE_MORE = { interval: Duration.seconds(2), maxAttempts: 1, backoffRate: 1 } as const satisfies RetryProps;

/**
 * Longer than any policy lets an incident last, shorter than a person would accept: its own rounds, the longest that
 * its questions may wait for people in all, the one question that is asked last, and how long it stays after a page.
 */
const LONGEST_INCIDENT = Duration.minutes(40 + 2 * LONGEST_WAIT_MINUTES + LONGEST_STAY_MINUTES);

interface IncidentWorkflowProps {
  readonly stateMachineName: string;
  readonly diagnose: ControlFunction;
  readonly ask: ControlFunction;
  readonly act: ControlFunction;
  readonly escalate: ControlFunction;
  readonly close: ControlFunction;
  readonly notify: ControlFunction;
}

/**
 * The loop of an incident: diagnose, act a little, settle, diagnose again; then close it and notify a person. A page does
 * not end it: the loop goes on at growing intervals.
 */
export class IncidentWorkflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: IncidentWorkflowProps) {
    super(scope, id);
    // The graph is rendered with the state machine: every transition is made before it.
    const definitionBody = DefinitionBody.fromChainable(this.#buildLoop(props));
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: props.stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      comment: 'Gives a database its connections back',
      definitionBody,
      timeout: LONGEST_INCIDENT,
      tracingEnabled: true,
      logs: { destination: this.#createLog(props), level: LogLevel.ALL, includeExecutionData: false },
      // The one CDK writes may also invoke every version of the functions.
      role: new WorkflowRole(this, 'Role', {
        stateMachineName: props.stateMachineName,
        steps: [props.diagnose, props.ask, props.act, props.escalate, props.close, props.notify],
      }).withoutPolicyUpdates(),
    });
  }

  #buildLoop(props: IncidentWorkflowProps): TaskStateBase {
    const diagnose = this.#diagnose(props);
    const chooseTier = new Choice(this, 'ChooseTier');
    const watch = new Wait(this, 'WatchForRebound', { time: WaitTime.secondsPath('$.watchSeconds') });
    const waitForApproval = this.#waitForApproval(props);
    const settle = new Wait(this, 'Settle', { time: WaitTime.secondsPath('$.settleSeconds') });
    const escalate = this.#escalate(props);
    const stayOpen = new Wait(this, 'StayOpen', { time: WaitTime.secondsPath('$.staySeconds') });
    const stayOrClose = new Choice(this, 'StayOrClose');
    const escalated = new Pass(this, 'Escalated', { result: Result.fromString('escalated'), resultPath: '$.outcome' });
    const close = this.#close(props, 'Close', JsonPath.stringAt('$.outcome'));
    const notify = this.#notify(props, 'Notify');
    const closed = new Succeed(this, 'Closed');
    const closeAsFailed = this.#close(props, 'CloseAsFailed', 'failed');
    const notifyFailed = this.#notify(props, 'NotifyFailed');
    const failed = new Fail(this, 'Failed', {
      error: 'IncidentFailed',
      cause: 'The incident was closed as failed; its record says why.',
    });

    diagnose
      .addCatch(escalate, { errors: [ERRORS.schemaMismatch], resultPath: '$.error' })
      .addCatch(closeAsFailed, { resultPath: '$.error' })
      .next(chooseTier);

    for (const tier of TIERS) {
      const act = this.#act(props, tier.state, tier.name)
        .addCatch(escalate, { errors: [ERRORS.schemaMismatch], resultPath: '$.error' })
        .addCatch(closeAsFailed, { errors: [ERRORS.fenceLost], resultPath: '$.error' })
        // Whatever it did, a new snapshot is better than a second try.
        .addCatch(settle, { resultPath: '$.error' });
      chooseTier.when(Condition.stringEquals('$.next', tier.name), act);
      act.next(settle);
    }
    // Answered or not, the answer is on record, and a new snapshot comes first.
    waitForApproval
      .addCatch(escalate, { errors: [ERRORS.schemaMismatch], resultPath: '$.error' })
      .addCatch(closeAsFailed, { errors: [ERRORS.fenceLost], resultPath: '$.error' })
      .addCatch(diagnose, { errors: ['States.Timeout'], resultPath: JsonPath.DISCARD })
      .addCatch(settle, { resultPath: '$.error' })
      .next(diagnose);
    chooseTier
      .when(Condition.stringEquals('$.next', 'ask'), waitForApproval)
      .when(Condition.stringEquals('$.next', 'settle'), settle)
      .when(Condition.stringEquals('$.next', 'watch'), watch)
      .when(Condition.stringEquals('$.next', 'stay'), stayOpen)
      .when(Condition.stringEquals('$.next', 'close'), close)
      .otherwise(escalate);
    settle.next(diagnose);
    watch.next(diagnose);
    stayOpen.next(diagnose);

    escalate.addCatch(closeAsFailed, { resultPath: '$.error' }).next(stayOrClose);
    stayOrClose.when(Condition.stringEquals('$.page.result.next', 'stay'), stayOpen).otherwise(escalated);
    escalated.next(close);
    close.addCatch(closeAsFailed, { resultPath: '$.error' }).next(notify);
    notify.addCatch(closed, { resultPath: JsonPath.DISCARD }).next(closed);

    closeAsFailed.addCatch(notifyFailed, { resultPath: JsonPath.DISCARD }).next(notifyFailed);
    notifyFailed.addCatch(failed, { resultPath: JsonPath.DISCARD }).next(failed);
    return diagnose;
  }

  /** Only reads, so it may be repeated. Its answer replaces the state's data: nothing old is carried on. */
  #diagnose({ diagnose }: IncidentWorkflowProps): TaskStateBase {
    return this.#task('Diagnose', diagnose, {
      payload: { schema: JsonPath.numberAt('$.schema'), incidentId: JsonPath.stringAt('$.incidentId') },
      outputPath: '$.Payload',
    })
      .addRetry({ ...PATIENTLY, errors: [...DID_NOT_RUN, ...PASSING_TROUBLE] })
      .addRetry({ ...ONCE_MORE, errors: [ERRORS.workerFault] });
  }

  /** Never repeated when it may have run. */
  #act({ act }: IncidentWorkflowProps, state: string, tier: string): TaskStateBase {
    return this.#task(state, act, {
      payload: {
        schema: JsonPath.numberAt('$.schema'),
        incidentId: JsonPath.stringAt('$.incidentId'),
        round: JsonPath.numberAt('$.round'),
        tier,
      },
      resultSelector: { 'result.$': '$.Payload' },
      resultPath: '$.act',
    }).addRetry({ ...PATIENTLY, errors: DID_NOT_RUN });
  }

  /** Waits for a person, for as long as Diagnose says. A question that may have been asked is not asked again here. */
  #waitForApproval({ ask }: IncidentWorkflowProps): TaskStateBase {
    return new LambdaInvoke(this, 'WaitForApproval', {
      lambdaFunction: ask,
      integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      payload: TaskInput.fromObject({
        schema: JsonPath.numberAt('$.schema'),
        incidentId: JsonPath.stringAt('$.incidentId'),
        round: JsonPath.numberAt('$.round'),
        taskToken: JsonPath.taskToken,
      }),
      resultPath: JsonPath.DISCARD,
      taskTimeout: Timeout.at('$.waitSeconds'),
      retryOnServiceExceptions: false,
    }).addRetry({ ...PATIENTLY, errors: DID_NOT_RUN });
  }

  /** Its answer says whether the incident goes on. */
  #escalate({ escalate }: IncidentWorkflowProps): TaskStateBase {
    return this.#task('Escalate', escalate, {
      payload: { incidentId: JsonPath.stringAt('$.incidentId'), error: JsonPath.objectAt('$.error') },
      resultSelector: { 'result.$': '$.Payload' },
      resultPath: '$.page',
    }).addRetry({ ...PATIENTLY, errors: ['States.ALL'] });
  }

  #close({ close }: IncidentWorkflowProps, state: string, outcome: string): TaskStateBase {
    return this.#task(state, close, {
      payload: { incidentId: JsonPath.stringAt('$.incidentId'), outcome, error: JsonPath.objectAt('$.error') },
      resultPath: JsonPath.DISCARD,
    }).addRetry({ ...PATIENTLY, errors: ['States.ALL'] });
  }

  #notify({ notify }: IncidentWorkflowProps, state: string): TaskStateBase {
    return this.#task(state, notify, {
      payload: { incidentId: JsonPath.stringAt('$.incidentId') },
      resultPath: JsonPath.DISCARD,
    }).addRetry({ ...PATIENTLY, errors: ['States.ALL'] });
  }

  #task(
    state: string,
    lambdaFunction: ControlFunction,
    io: {
      readonly payload: Record<string, unknown>;
      readonly resultSelector?: Record<string, unknown>;
      readonly resultPath?: string;
      readonly outputPath?: string;
    },
  ): TaskStateBase {
    return new LambdaInvoke(this, state, {
      ...io,
      lambdaFunction,
      payload: TaskInput.fromObject(io.payload),
      taskTimeout: Timeout.duration(lambdaFunction.timeLimit.plus(Duration.seconds(10))),
      // The retries that CDK adds by itself do not ask whether the function may have run.
      retryOnServiceExceptions: false,
    });
  }

  #createLog({ stateMachineName }: IncidentWorkflowProps): LogGroup {
    return new LogGroup(this, 'Log', {
      logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
