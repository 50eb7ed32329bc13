import { Alarm, type AlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { describeAlarm } from '../../functions/core/sampler/connection-alarms.ts';

interface OwnAlarmProps extends Omit<AlarmProps, 'evaluationPeriods' | 'alarmDescription'> {
  readonly topic: ITopic;
  /** What happened, and what it means. */
  readonly happened: string;
  /** What Headroom does about it by itself. */
  readonly does: string;
  /** Section of docs/runbook.md. */
  readonly section: string;
  /** URL of people's own. */
  readonly runbook: string | undefined;
}

/** An alarm on Headroom itself: goes to the notices topic and says where to read on, what happened, and what Headroom does about it. */
export class OwnAlarm extends Alarm {
  constructor(scope: Construct, id: string, { topic, happened, does, section, runbook, ...props }: OwnAlarmProps) {
    super(scope, id, {
      ...props,
      evaluationPeriods: 1,
      alarmDescription: describeAlarm({ section, fires: happened, does }, runbook),
    });
    this.addAlarmAction(new SnsAction(topic));
  }
}
