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
  readonly runbook: string | undefined;
}

const PER_MINUTE = { period: Duration.minutes(1), statistic: 'Sum' } as const;

/** What it means when something of Headroom fails, and what Headroom does about it by itself. */
interface Failure {
  readonly means: string;
  readonly does: string;
}

const EACH_MINUTE = 'the tick calls it again in the next minute';
const CLOSED_AS_FAILED = 'it closes the incident as failed and pages a person; an alarm that stands opens a new one';

const FUNCTION_FAILED: Readonly<Record<ControlName, Failure>> = {
  dispatch: {
    means: 'an alarm may not have led to an incident',
    does: 'it tries again for five minutes, and each minute looks for alarms that nobody has taken up',
  },
  tick: {
    means: 'targets may not have been sampled, nor looked after where something was left to do',
    does: 'the next minute brings the next tick',
  },
  register: {
    means: 'a deployment may have failed, or a target that was removed may still have an open incident',
    does: 'nothing more: deploy again',
  },
  follow: {
    means: 'members of a cluster may not be known, and alarms may stand where slots were before',
    does: 'it tries again twice, then within the hour',
  },
  reconcile: { means: 'incidents whose workflow died may stay open, and alarms unhandled', does: EACH_MINUTE },
  sample: {
    means: 'a target may not be watched; the alarms on the metric of RDS still are',
    does: EACH_MINUTE,
  },
  diagnose: { means: 'an incident could not be diagnosed', does: CLOSED_AS_FAILED },
  act: {
    means: 'an act broke off; some of its sessions may have ended',
    does: 'it takes a new snapshot before anything else is done',
  },
  ask: {
    means: 'a person may not have been asked',
    does: 'it takes a new snapshot and asks again',
  },
  decide: {
    means: 'a person may not have been able to answer',
    does: 'without an answer it ends nothing, and pages a person',
  },
  escalate: { means: 'a person may not have been paged', does: 'the page is sent again within minutes' },
  close: {
    means: 'an incident may still be open, which holds up the next one of its target',
    does: 'it closes incidents whose workflow has died within a minute',
  },
  notify: { means: 'a notice may not have been delivered', does: 'it is sent again, for a day' },
  deliver: {
    means: 'a channel of notify did not take a notice; the others have it, and mail too',
    does: 'it has tried for some two minutes, and does so twice more',
  },
};

const TOLD_AS_FAILED = 'within a minute it closes the incident as failed, lifts its limits and pages a person';

/** Alarms on Headroom itself. Each leads to its section of docs/runbook.md. */
export class SelfMonitoring extends Construct {
  readonly #props: SelfMonitoringProps;

  constructor(scope: Construct, id: string, props: SelfMonitoringProps) {
    super(scope, id);
    this.#props = props;
    const { topic, stateMachine, functions, dispatchFailures } = props;

    const told = (means: string): Failure => ({ means, does: TOLD_AS_FAILED });
    this.#alarmOnAny('workflow-failed', stateMachine.metricFailed(PER_MINUTE), told('a workflow ended as failed'));
    this.#alarmOnAny('workflow-timed-out', stateMachine.metricTimedOut(PER_MINUTE), told('a workflow ran out of time'));
    const stopped = told('a workflow was stopped from outside');
    this.#alarmOnAny('workflow-aborted', stateMachine.metricAborted(PER_MINUTE), stopped);
    for (const [name, { means, does }] of Object.entries(FUNCTION_FAILED)) {
      const failed = functions[name as ControlName];
      if (failed === null) continue;
      const failure = { means: `the function ${name} failed: ${means}`, does };
      this.#alarmOnAny(`${name}-errors`, failed.metricErrors(PER_MINUTE), failure);
    }
    this.#alarmOnAny(
      'dispatch-failures',
      dispatchFailures.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' }),
      {
        means: 'an alarm event was given up after every retry; it waits in the queue',
        does: 'each minute it looks for alarms that stand and have no incident',
      },
    );
    this.#alarmOnAny(
      'notices-failed',
      // Longer than this alarm's own notice takes to fail by the same subscription, which would raise it again for ever.
      topic.metricNumberOfNotificationsFailed({ period: Duration.minutes(15), statistic: 'Sum' }),
      {
        means: 'a subscription of the notices topic did not take a notice; the other subscriptions have it',
        does: 'nothing more for that subscription: SNS has tried again as its protocol allows',
      },
    );
    this.#alarmOnAny('sample-dropped', functions.sample.metric('AsyncEventsDropped', PER_MINUTE), {
      means: 'a target was not sampled: Lambda had no room for the call within a minute',
      does: 'it samples again in the next minute; the alarms on the metric of RDS stand meanwhile',
    });
    this.#alarmOnSilence(functions.tick);
  }

  /** No data means that nothing ran, which is the normal day. */
  #alarmOnAny(what: string, metric: Metric, { means, does }: Failure): void {
    new OwnAlarm(this, what, {
      alarmName: namesOf(this.#props.prefix).selfAlarm(what),
      topic: this.#props.topic,
      happened: means,
      does,
      section: what,
      runbook: this.#props.runbook,
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
      does: 'nothing until it is called again; the alarms on the metric of RDS still open incidents',
      section: 'tick-silent',
      runbook: this.#props.runbook,
      metric: tick.metricInvocations({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
