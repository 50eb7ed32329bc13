import { Alarm, type AlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

interface OwnAlarmProps extends Omit<AlarmProps, 'evaluationPeriods' | 'alarmDescription'> {
  readonly topic: ITopic;
  /** What happened, and what it means. */
  readonly happened: string;
  /** What Headroom does about it by itself. */
  readonly does: string;
  /** Section of docs/runbook.md. */
  readonly section: string;
}

/** An alarm on Headroom itself: goes to the notices topic and says where to read on, what happened, and what Headroom does about it. */
export class OwnAlarm extends Alarm {
  constructor(scope: Construct, id: string, { topic, happened, does, section, ...props }: OwnAlarmProps) {
    super(scope, id, {
      ...props,
      evaluationPeriods: 1,
      alarmDescription: `Runbook: docs/runbook.md#${section}. What fires: ${happened}. What Headroom does: ${does}.`,
    });
    this.addAlarmAction(new SnsAction(topic));
  }
}
