import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AwsTarget } from './aws-targets.ts';
import type { Names } from './names.ts';
import { reservedSlotsOf } from './settings.ts';

/** From here on one minute is enough: the next may find the house full. */
const CRITICAL_PERCENT = 95;

/** The alarms that open an incident, on connections counted against the slots that ordinary clients can use. */
export class TargetAlarms extends Construct {
  /** Opens an incident after two minutes. */
  readonly trigger: Alarm;
  /** Opens one after a single minute. */
  readonly critical: Alarm;

  constructor(scope: Construct, id: string, props: { readonly names: Names; readonly target: AwsTarget }) {
    super(scope, id);
    const { names, target } = props;
    const { id: targetId, policy } = target.target;
    const { triggerPercent } = policy;
    const criticalPercent = Math.max(CRITICAL_PERCENT, triggerPercent);
    this.trigger = this.#alarm('High', names.triggerAlarm(targetId), target, triggerPercent, 2);
    this.critical = this.#alarm('Critical', names.criticalAlarm(targetId), target, criticalPercent, 1);
  }

  #alarm(id: string, alarmName: string, target: AwsTarget, percent: number, minutes: number): Alarm {
    const usable = target.maxConnections - reservedSlotsOf(target.target);
    const threshold = Math.ceil((usable * percent) / 100);
    return new Alarm(this, id, {
      alarmName,
      alarmDescription: `Headroom: ${target.instance} uses ${threshold} or more of its ${usable} usable slots (${percent} %)`,
      metric: new Metric({
        namespace: 'AWS/RDS',
        metricName: 'DatabaseConnections',
        dimensionsMap: { DBInstanceIdentifier: target.instance },
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      // An instance that stops reporting is known to be neither full nor well. Without data the alarm stands no longer, so that
      // nobody is paged for a stopped instance, and data that comes back above the threshold is a new alarm.
      treatMissingData: TreatMissingData.MISSING,
    });
  }
}
