import { Alarm, type AlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

interface OwnAlarmProps extends Omit<AlarmProps, 'evaluationPeriods' | 'alarmDescription'> {
  readonly topic: ITopic;
  /** What happened, as the end of "Headroom: …". */
  readonly happened: string;
  /** Section of docs/runbook.md. */
  readonly section: string;
}

/** An alarm on Headroom itself: goes to the notices topic and says what happened and where to read on. */
export class OwnAlarm extends Alarm {
  constructor(scope: Construct, id: string, { topic, happened, section, ...props }: OwnAlarmProps) {
    super(scope, id, {
      ...props,
      evaluationPeriods: 1,
      alarmDescription: `Headroom: ${happened}. See docs/runbook.md#${section}`,
    });
    this.addAlarmAction(new SnsAction(topic));
  }
}
