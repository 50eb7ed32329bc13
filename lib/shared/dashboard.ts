import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  DashboardVariable,
  DefaultValue,
  GraphWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  Metric,
  TextWidget,
  Values,
  VariableInputType,
  VariableType,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { FigureName } from '../../functions/core/sampler/figures.ts';
import type { Names } from '../house/names.ts';
import type { ControlFunction } from './control-function.ts';

interface InstallationDashboardProps {
  readonly names: Names;
  readonly stateMachine: StateMachine;
  readonly functions: Readonly<Record<'sample' | 'tick' | 'dispatch' | 'act' | 'escalate' | 'close', ControlFunction>>;
}

const MINUTE = Duration.minutes(1);
/** What the variable puts in its place. */
const ANY_TARGET = 'target';
const HALF = 12;
const WHOLE = 24;

const WORDS = `Choose the target above. By default a target has two metrics, **UsagePercent** and **Refused**.
The graphs marked *full* stay empty without \`policy.sampling.metrics: full\`.
Who held the slots, what was ended and why is in the records: \`npx --no headroom incidents list\`.`;

/** One dashboard for an installation, with a variable for the target: CloudWatch asks money for each dashboard. */
export class InstallationDashboard extends Dashboard {
  constructor(scope: Construct, id: string, { names, stateMachine, functions }: InstallationDashboardProps) {
    super(scope, id, {
      dashboardName: names.dashboard,
      defaultInterval: Duration.hours(6),
      variables: [
        new DashboardVariable({
          id: 'target',
          type: VariableType.PROPERTY,
          value: 'Target',
          label: 'Target',
          inputType: VariableInputType.SELECT,
          values: Values.fromSearch('{Headroom,Target} MetricName="UsagePercent"', 'Target'),
          defaultValue: DefaultValue.FIRST,
        }),
      ],
    });
    this.addWidgets(new TextWidget({ markdown: WORDS, width: WHOLE, height: 3 }));
    this.#addTarget();
    this.#addInstallation({ names, stateMachine, functions });
  }

  #addTarget(): void {
    this.addWidgets(
      graph('Usage, percent of usable slots', [figure('UsagePercent', 'Maximum')], { min: 0, max: 100 }),
      graph('Samples in which clients were refused', [figure('Refused', 'Sum')], { min: 0 }),
    );
    this.addWidgets(
      graph('Slots against the limit (full)', [figure('UsedSlots', 'Maximum'), figure('UsableSlots', 'Minimum')]),
      graph(
        'Sessions by state (full)',
        (['SessionsActive', 'SessionsIdle', 'SessionsIdleInTransaction'] as const).map((name) =>
          figure(name, 'Maximum'),
        ),
      ),
    );
    this.addWidgets(
      graph(
        'Waiting for locks, long queries, half-open (full)',
        (['BlockedSessions', 'LongQueries', 'HalfOpen'] as const).map((name) => figure(name, 'Maximum')),
      ),
      graph(
        'Longest query and transaction, seconds (full)',
        (['LongestQuerySeconds', 'LongestTransactionSeconds'] as const).map((name) => figure(name, 'Maximum')),
      ),
    );
  }

  #addInstallation({ names, stateMachine, functions }: InstallationDashboardProps): void {
    this.addWidgets(
      graph('Incidents of all targets: workflows', [
        stateMachine.metricStarted(perMinute('opened')),
        stateMachine.metricFailed(perMinute('failed')),
        stateMachine.metricTimedOut(perMinute('ran out of time')),
        functions.act.metricInvocations(perMinute('acts')),
        functions.escalate.metricInvocations(perMinute('pages')),
      ]),
      graph('From the alarm to the end of an incident, milliseconds', [
        stateMachine.metricTime({ statistic: 'Average', period: MINUTE, label: 'average' }),
        stateMachine.metricTime({ statistic: 'Maximum', period: MINUTE, label: 'longest' }),
      ]),
    );
    this.addWidgets(
      graph('The sampler: calls, errors, calls that were dropped', [
        functions.tick.metricInvocations(perMinute('ticks')),
        functions.sample.metricInvocations(perMinute('samples')),
        functions.sample.metricErrors(perMinute('errors')),
        functions.sample.metric('AsyncEventsDropped', perMinute('dropped')),
      ]),
      graph('Samples that did not show how full the server is (full)', [
        figure('SampleFailed', 'Sum'),
        figure('ResponderSessions', 'Maximum'),
      ]),
    );
    this.addWidgets(
      new LogQueryWidget({
        title: 'Incidents: opened, acts, pages, ends',
        logGroupNames: (['dispatch', 'act', 'escalate', 'close'] as const).map(
          (name) => `/aws/lambda/${names.control(name)}`,
        ),
        view: LogQueryVisualizationType.TABLE,
        queryLines: [
          'fields @timestamp, message',
          'filter message like /incidentId/',
          'sort @timestamp desc',
          'limit 50',
        ],
        width: WHOLE,
        height: 8,
      }),
    );
  }
}

function figure(metricName: FigureName, statistic: 'Maximum' | 'Minimum' | 'Sum'): Metric {
  const dimensionsMap = { Target: ANY_TARGET };
  return new Metric({ namespace: 'Headroom', metricName, dimensionsMap, statistic, period: MINUTE, label: metricName });
}

function perMinute(label: string) {
  return { statistic: 'Sum', period: MINUTE, label } as const;
}

function graph(title: string, left: IMetric[], leftYAxis: { min?: number; max?: number } = { min: 0 }): IWidget {
  return new GraphWidget({ title, left, leftYAxis, width: HALF, height: 6 });
}
