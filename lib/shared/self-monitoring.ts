import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { ControlName, OptionalControlName, StandingControlName } from '../house/control-names.ts';
import { namesOf } from '../house/names.ts';
import { OwnAlarm } from '../house/own-alarm.ts';
import type { ControlFunction } from './control-function.ts';

interface SelfMonitoringProps {
  readonly prefix: string;
  readonly topic: ITopic;
  readonly stateMachine: StateMachine;
  readonly functions: Readonly<Record<StandingControlName, ControlFunction>> &
    Readonly<Record<OptionalControlName, ControlFunction | null>>;
  readonly dispatchFailures: Queue;
}

const PER_MINUTE = { period: Duration.minutes(1), statistic: 'Sum' } as const;

/** What it means for an incident when a function fails. */
const FUNCTION_FAILED: Readonly<Record<ControlName, string>> = {
  dispatch: 'an alarm may not have led to an incident',
  tick: 'targets may not have been sampled, nor looked after where something was left to do',
  register: 'a deployment may have failed, or a target that was removed may still have an open incident',
  follow: 'members of a cluster may not be known, and alarms may stand where slots were before',
  reconcile: 'incidents whose workflow died may stay open, and alarms unhandled',
  sample: 'a target may not be watched; the alarms on the metric of RDS still are',
  diagnose: 'an incident could not be diagnosed; it ends as failed',
  act: 'a tier broke off; the workflow takes a new snapshot before anything else is done',
  ask: 'a person may not have been asked; the workflow takes a new snapshot and asks again',
  decide: 'a person may not have been able to answer; without an answer nothing is ended, and a person is paged',
  escalate: 'a person may not have been paged',
  close: 'an incident may still be open, which holds up the next one of its target',
  notify: 'a notice may not have been delivered',
  deliver: 'a channel of notify did not take a notice; the others have it, and mail too',
};

/** Alarms on Headroom itself. Each leads to its section of docs/runbook.md. */
export class SelfMonitoring extends Construct {
  readonly #props: SelfMonitoringProps;

  constructor(scope: Construct, id: string, props: SelfMonitoringProps) {
    super(scope, id);
    this.#props = props;
    const { topic, stateMachine, functions, dispatchFailures } = props;

    this.#alarmOnAny('workflow-failed', stateMachine.metricFailed(PER_MINUTE), 'a workflow ended as failed');
    this.#alarmOnAny('workflow-timed-out', stateMachine.metricTimedOut(PER_MINUTE), 'a workflow ran out of time');
    this.#alarmOnAny('workflow-aborted', stateMachine.metricAborted(PER_MINUTE), 'a workflow was stopped from outside');
    for (const [name, what] of Object.entries(FUNCTION_FAILED)) {
      const failed = functions[name as ControlName];
      if (failed === null) continue;
      this.#alarmOnAny(`${name}-errors`, failed.metricErrors(PER_MINUTE), `the function ${name} failed: ${what}`);
    }
    this.#alarmOnAny(
      'dispatch-failures',
      dispatchFailures.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' }),
      'an alarm event was given up after every retry; it waits in the queue',
    );
    this.#alarmOnAny(
      'notices-failed',
      // Longer than this alarm's own notice takes to fail by the same subscription, which would raise it again for ever.
      topic.metricNumberOfNotificationsFailed({ period: Duration.minutes(15), statistic: 'Sum' }),
      'a subscription of the notices topic did not take a notice; the other subscriptions have it',
    );
    this.#alarmOnAny(
      'sample-dropped',
      functions.sample.metric('AsyncEventsDropped', PER_MINUTE),
      'a target was not sampled: Lambda had no room for the call within a minute',
    );
    this.#alarmOnSilence(functions.tick);
  }

  /** No data means that nothing ran, which is the normal day. */
  #alarmOnAny(what: string, metric: Metric, happened: string): void {
    new OwnAlarm(this, what, {
      alarmName: namesOf(this.#props.prefix).selfAlarm(what),
      topic: this.#props.topic,
      happened,
      section: what,
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  /** Here missing data is the alarm: nothing samples the targets any more, nor looks after them. */
  #alarmOnSilence(tick: ControlFunction): void {
    new OwnAlarm(this, 'tick-silent', {
      alarmName: namesOf(this.#props.prefix).selfAlarm('tick-silent'),
      topic: this.#props.topic,
      happened: 'no target has been sampled for five minutes: the tick has not been called; its schedule is one minute',
      section: 'tick-silent',
      metric: tick.metricInvocations({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
