const TABLE =
  'It keeps and reads the records of incidents, targets and samples, one item at a time; it cannot scan or change the table.';
const LOG = 'It writes its own log.';
const TOPIC = 'It notifies people; the topic is encrypted, so its key comes with it.';
const INTERFACE =
  'Lambda places the function in your VPC with the rights of its role. A second statement denies all of this to the code of the function itself.';
const DELIVERY = 'The workflow delivers its log, without data of executions.';
const TRACING = 'The workflow traces its executions.';
const FAILED = 'An alarm event that dispatch has failed at for good goes to this queue; an alarm watches it.';

/**
 * Why an action is granted; `ROLE ACTION` where the reason is one of that function. What the documentation says of
 * permissions is made of this and the synthesized templates.
 */
export const WHY: Readonly<Record<string, string>> = {
  'logs:CreateLogStream': LOG,
  'logs:PutLogEvents': LOG,
  'dynamodb:GetItem': TABLE,
  'dynamodb:PutItem': TABLE,
  'dynamodb:UpdateItem': TABLE,
  'dynamodb:DeleteItem': TABLE,
  'dynamodb:Query': TABLE,
  'tick dynamodb:Query': 'It reads the roster of targets and whether notices wait, and nothing else of the table.',
  'decide dynamodb:GetItem': 'It shows a question and notes its answer: records of incidents alone.',
  'decide dynamodb:Query': 'It shows a question and notes its answer: records of incidents alone.',
  'decide dynamodb:UpdateItem': 'It shows a question and notes its answer: records of incidents alone.',
  'deliver dynamodb:GetItem': 'It notes which channels have taken a notice, with its incident.',
  'deliver dynamodb:Query': 'It notes which channels have taken a notice, with its incident.',
  'deliver dynamodb:UpdateItem': 'It notes which channels have taken a notice, with its incident.',
  'deliver secretsmanager:GetSecretValue':
    'The keys of the channels that are configured, and no other secret (docs/notify.md).',
  'deliver sns:Publish': 'To the topic of the chat alone, where one is configured (docs/notify.md).',
  'lambda:InvokeFunction': 'It asks the workers: for a snapshot or a sample, to end sessions, to set or lift a limit.',
  'workflow lambda:InvokeFunction': 'The workflow calls the functions of its steps, and no other.',
  'tick lambda:InvokeFunction': 'It hands each target to the functions that look after it.',
  'sample lambda:InvokeFunction':
    'It asks the workers for samples, dispatch to open an incident, and follow to look at what has changed.',
  'follow lambda:InvokeFunction': 'It asks workers to lift limits of members that go, and has newcomers sampled.',
  'cloudwatch:PutMetricAlarm': 'It keeps the thresholds of the alarms on connections in step with the server.',
  'cloudwatch:DeleteAlarms': 'It takes away the alarms of a member that is gone.',
  'sample cloudwatch:GetMetricData':
    'Whether anybody is connected to a server that would pause, so that it is not kept awake. Reading only.',
  'cloudwatch:GetMetricData':
    'Evidence for the cause: connections and free memory by the metrics of RDS. Reading only.',
  'rds:DescribeDBInstances': 'Evidence for the cause: who the master user is. Reading only.',
  'follow rds:DescribeDBInstances':
    'It sees which members a cluster has, and what became of an instance. Reading only.',
  'rds:DescribeDBClusters': 'It sees which members a cluster has. Reading only.',
  'rds:DescribeEvents': 'Evidence for the cause: what was changed lately. Reading only.',
  'sns:Publish': TOPIC,
  'kms:Decrypt': TOPIC,
  'kms:GenerateDataKey': TOPIC,
  'events:PutEvents': 'It tells other programs of incidents, on this bus alone (docs/events.md).',
  'logs:CreateLogDelivery': DELIVERY,
  'logs:DeleteLogDelivery': DELIVERY,
  'logs:DescribeLogGroups': DELIVERY,
  'logs:DescribeResourcePolicies': DELIVERY,
  'logs:GetLogDelivery': DELIVERY,
  'logs:ListLogDeliveries': DELIVERY,
  'logs:PutResourcePolicy': DELIVERY,
  'logs:UpdateLogDelivery': DELIVERY,
  'xray:GetSamplingRules': TRACING,
  'xray:GetSamplingTargets': TRACING,
  'xray:PutTelemetryRecords': TRACING,
  'xray:PutTraceSegments': TRACING,
  'sqs:GetQueueAttributes': FAILED,
  'sqs:GetQueueUrl': FAILED,
  'sqs:SendMessage': FAILED,
  'states:StartExecution': 'It starts the workflow of an incident.',
  'states:DescribeExecution': 'It sees whether the workflow of an incident still runs.',
  'states:SendTaskSuccess': 'It wakes a workflow whose question has been answered.',
  'cloudwatch:DescribeAlarms': 'It sees which alarms are active. Reading only.',
  'ec2:AssignPrivateIpAddresses': INTERFACE,
  'ec2:CreateNetworkInterface': INTERFACE,
  'ec2:DeleteNetworkInterface': INTERFACE,
  'ec2:DescribeNetworkInterfaces': INTERFACE,
  'ec2:DescribeSubnets': INTERFACE,
  'ec2:UnassignPrivateIpAddresses': INTERFACE,
  'rds-db:connect': 'It logs in to its database as the responder and the canary, and as nobody else.',
  'secretsmanager:GetSecretValue': 'It reads the passwords of its two logins, where they are kept in Secrets Manager.',
};

/** Why a pattern of resources is no narrower, by service and pattern. */
export const WHY_SO_WIDE: Readonly<Record<string, string>> = {
  'lambda arn:aws:lambda:REGION:ACCOUNT:function:PREFIX-worker-*':
    'Workers come and go with the stacks of their targets. A worker refuses by its own settings what must not be done to its target, whoever asks.',
  'cloudwatch arn:aws:cloudwatch:REGION:ACCOUNT:alarm:PREFIX-*-connections-critical':
    'The alarms on connections of the targets of this installation; those of members come and go.',
  'cloudwatch arn:aws:cloudwatch:REGION:ACCOUNT:alarm:PREFIX-*-connections-high':
    'The alarms on connections of the targets of this installation; those of members come and go.',
  'rds arn:aws:rds:REGION:ACCOUNT:cluster:*':
    'Members come and go, and a list of clusters outgrows a policy; reading only.',
  'rds arn:aws:rds:REGION:ACCOUNT:db:*':
    'Members come and go, and a list of instances outgrows a policy; reading only.',
  'states arn:aws:states:REGION:ACCOUNT:execution:PREFIX-workflow:*':
    'Executions are named after incidents; of this one workflow, and reading only.',
  'cloudwatch *': 'CloudWatch knows no narrower scope for metrics, nor for composite alarms; reading only.',
  'rds *': 'Events of parameter groups have no narrower scope; reading only.',
  'logs *': 'Log delivery knows no resources; the actions are the documented minimum.',
  'xray *': 'X-Ray knows no resources; the actions are the documented minimum.',
  'ec2 *': 'Interfaces have no names before they exist; the code of the function is denied all of it.',
};
