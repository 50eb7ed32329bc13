import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { acknowledge } from '../house/acknowledge.ts';

const LOG_DELIVERY = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];
const TRACING = [
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
];

interface WorkflowRoleProps {
  readonly stateMachineName: string;
  /** The functions of the steps. */
  readonly steps: readonly IFunction[];
}

/** May invoke the functions of the steps, deliver its log and trace; nothing else. */
export class WorkflowRole extends Role {
  constructor(scope: Construct, id: string, { stateMachineName, steps }: WorkflowRoleProps) {
    super(scope, id, {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
      }),
      description: `What ${stateMachineName} may do`,
      inlinePolicies: {
        Steps: allow(
          ['lambda:InvokeFunction'],
          steps.map(({ functionArn }) => functionArn),
        ),
        Logging: allow(LOG_DELIVERY, ['*']),
        Tracing: allow(TRACING, ['*']),
      },
    });
    const reason = 'Log delivery and X-Ray know no resources; the actions are the documented minimum.';
    acknowledge(this, 'IAM5[Resource::*]', reason);
  }
}

function allow(actions: string[], resources: string[]): PolicyDocument {
  return new PolicyDocument({ statements: [new PolicyStatement({ actions, resources })] });
}
