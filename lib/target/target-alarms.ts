import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import {
  connectionAlarms,
  describeTargetAlarm,
  type ConnectionAlarm,
} from '../../functions/core/sampler/connection-alarms.ts';
import type { FigureName } from '../../functions/core/sampler/figures.ts';
import { configuredPercent } from '../../functions/core/words/percent.ts';
import type { AwsTarget } from '../config/aws-targets.ts';
import type { Names } from '../house/names.ts';

/**
 * The alarms that open an incident. Two count the connections that RDS reports against the slots that ordinary clients
 * can use: they work when the worker does not. One uses what the sampler saw on the server itself, reserves and
 * refused clients included.
 */
export class TargetAlarms extends Construct {
  /** Opens an incident after two minutes. */
  readonly trigger: Alarm;
  /** Opens one after a single minute: in the next the server may be full. */
  readonly critical: Alarm;

  /** `slots`: what ordinary clients can use. */
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly names: Names;
      readonly target: AwsTarget;
      readonly slots: number;
      /** URL of people's own. */
      readonly runbook: string | undefined;
    },
  ) {
    super(scope, id);
    const { names, target, slots, runbook } = props;
    const { id: targetId, policy } = target.target;
    const alarms = names.alarms(targetId);
    const { triggerPercent } = policy;
    const connections = connectionAlarms(target.name, slots, policy, runbook);
    this.trigger = this.#onConnections('High', target, alarms.trigger, connections.trigger);
    this.critical = this.#onConnections('Critical', target, alarms.critical, connections.critical);
    // Opens one should the sampler see the trigger crossed and fail to dispatch it.
    new Alarm(this, 'Usage', {
      alarmName: alarms.usage,
      alarmDescription: describeTargetAlarm(
        `the sampler sees ${configuredPercent(triggerPercent)} or more of the usable slots of ${target.name} taken`,
        runbook,
      ),
      metric: usageMetric(targetId),
      threshold: triggerPercent,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 2,
      datapointsToAlarm: 2,
      // That there is no data says nothing about the server; the alarms on Headroom itself are about that.
      treatMissingData: TreatMissingData.MISSING,
    });
  }

  #onConnections(id: string, target: AwsTarget, alarmName: string, alarm: ConnectionAlarm): Alarm {
    const { description, threshold, minutes } = alarm;
    return new Alarm(this, id, {
      alarmName,
      alarmDescription: description,
      metric: new Metric({
        namespace: 'AWS/RDS',
        metricName: 'DatabaseConnections',
        dimensionsMap: { DBInstanceIdentifier: target.name },
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      // An instance that stops reporting may be full or well. Without data the alarm is not active, so that nobody is
      // paged for a stopped instance, and data that comes back above the threshold is a new alarm.
      treatMissingData: TreatMissingData.MISSING,
    });
  }
}

/** What the sampler publishes for a target; see `FIGURES` in core. */
function usageMetric(targetId: string): Metric {
  const name: FigureName = 'UsagePercent';
  return new Metric({
    namespace: 'Headroom',
    metricName: name,
    dimensionsMap: { Target: targetId },
    period: Duration.minutes(1),
    statistic: 'Maximum',
  });
}
