import {
  CloudWatchClient,
  type DeleteAlarmsInput,
  type DescribeAlarmsInput,
  type PutMetricAlarmInput,
} from '@aws-sdk/client-cloudwatch';
import { RDSClient, type DescribeDBClustersMessage, type DescribeDBInstancesMessage } from '@aws-sdk/client-rds';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { ApiError } from '../../local/machine/api-error.ts';
import { checkRequest, requestOf } from '../../local/stand-ins/request-check.ts';

interface PlaneInstance {
  readonly resourceId: string;
  readonly status?: string;
  /** Null while it is made. */
  readonly host?: string | null;
  readonly cluster?: string;
  readonly isWriter?: boolean;
}

interface PlaneCluster {
  readonly resourceId: string;
  readonly minCapacity?: number;
}

/**
 * The control planes of RDS and CloudWatch, as far as they say who is a member and keep alarms. A stand-in: it checks
 * every request against the SDK's own types, and answers as AWS writes it, one instance a page.
 */
export interface AwsPlane {
  readonly rds: RDSClient;
  readonly cloudWatch: CloudWatchClient;
  readonly clusters: Map<string, PlaneCluster>;
  readonly instances: Map<string, PlaneInstance>;
  /** Instances that only their cluster knows of. */
  readonly unsaid: Set<string>;
  readonly alarms: Map<string, PutMetricAlarmInput>;
  /** Names of the operations that were asked for. */
  readonly asked: string[];
  stop(): Promise<void>;
}

const describeClusters = requestOf<DescribeDBClustersMessage>()({ DBClusterIdentifier: z.string().min(1) });
const describeInstances = requestOf<DescribeDBInstancesMessage>()({
  DBInstanceIdentifier: z.string().min(1).optional(),
  Filters: z
    .array(z.object({ Name: z.literal('db-cluster-id'), Values: z.array(z.string()).length(1) }))
    .length(1)
    .optional(),
  Marker: z.string().optional(),
});
const describeAlarms = requestOf<DescribeAlarmsInput>()({
  AlarmNames: z.array(z.string()).min(1).max(100),
  AlarmTypes: z.array(z.enum(['MetricAlarm', 'CompositeAlarm'])),
});
const deleteAlarms = requestOf<DeleteAlarmsInput>()({ AlarmNames: z.array(z.string()).min(1).max(100) });
const putAlarm = requestOf<PutMetricAlarmInput>()({
  AlarmName: z.string().min(1).max(255),
  AlarmDescription: z.string().max(1024),
  Namespace: z.literal('AWS/RDS'),
  MetricName: z.literal('DatabaseConnections'),
  Dimensions: z.array(z.object({ Name: z.literal('DBInstanceIdentifier'), Value: z.string().min(1) })).length(1),
  Statistic: z.literal('Maximum'),
  Period: z.literal(60),
  EvaluationPeriods: z.int().min(1),
  DatapointsToAlarm: z.int().min(1),
  Threshold: z.number().positive(),
  ComparisonOperator: z.literal('GreaterThanOrEqualToThreshold'),
  TreatMissingData: z.literal('missing'),
});

export async function startAwsPlane(): Promise<AwsPlane> {
  const state = {
    clusters: new Map<string, PlaneCluster>(),
    instances: new Map<string, PlaneInstance>(),
    unsaid: new Set<string>(),
    alarms: new Map<string, PutMetricAlarmInput>(),
    asked: [] as string[],
  };
  const server = createServer((request, response) => {
    void read(request).then((text) => {
      try {
        const { body, type } = respond(request, text, state);
        response.writeHead(200, { 'content-type': type }).end(body);
      } catch (error) {
        const code = error instanceof ApiError ? error.name : 'InternalFailure';
        const words = error instanceof Error ? error.message : '';
        response
          .writeHead(code.endsWith('NotFoundFault') ? 404 : 400, { 'content-type': 'text/xml' })
          .end(`<ErrorResponse><Error><Code>${code}</Code><Message>${words}</Message></Error></ErrorResponse>`);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const config = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x' },
    maxAttempts: 1,
  };
  const rds = new RDSClient(config);
  const cloudWatch = new CloudWatchClient({ ...config, disableRequestCompression: true });
  return {
    ...state,
    rds,
    cloudWatch,
    async stop() {
      rds.destroy();
      cloudWatch.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type State = Pick<AwsPlane, 'clusters' | 'instances' | 'unsaid' | 'alarms' | 'asked'>;

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function respond({ headers }: IncomingMessage, text: string, state: State) {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    const operation = target.split('.').at(-1) ?? '';
    state.asked.push(operation);
    return { body: JSON.stringify(keepAlarms(operation, JSON.parse(text), state)), type: 'application/json' };
  }
  const form = new URLSearchParams(text);
  const operation = form.get('Action') ?? '';
  state.asked.push(operation);
  return { body: describe(operation, form, state), type: 'text/xml' };
}

function keepAlarms(operation: string, request: unknown, { alarms }: State): object {
  switch (operation) {
    case 'DescribeAlarms': {
      const { AlarmNames: names } = checkRequest(describeAlarms, operation, request);
      return { MetricAlarms: names.flatMap((name) => alarms.get(name) ?? []), CompositeAlarms: [] };
    }
    case 'PutMetricAlarm': {
      const alarm = checkRequest(putAlarm, operation, request);
      alarms.set(alarm.AlarmName, alarm);
      return {};
    }
    case 'DeleteAlarms':
      for (const name of checkRequest(deleteAlarms, operation, request).AlarmNames) alarms.delete(name);
      return {};
    default:
      throw new ApiError('UnknownOperationException', operation);
  }
}

/** Fields of the query protocol as the SDK's types have them. */
function fieldsOf(form: URLSearchParams): Record<string, unknown> {
  const plain = [...form].filter(([key]) => !['Action', 'Version'].includes(key) && !key.includes('.'));
  const name = form.get('Filters.Filter.1.Name');
  const values = form.getAll('Filters.Filter.1.Values.Value.1');
  return { ...Object.fromEntries(plain), ...(name !== null && { Filters: [{ Name: name, Values: values }] }) };
}

function describe(operation: string, form: URLSearchParams, { clusters, instances, unsaid }: State): string {
  const wrapped = (inner: string) =>
    `<${operation}Response><${operation}Result>${inner}</${operation}Result></${operation}Response>`;
  if (operation === 'DescribeDBClusters') {
    const { DBClusterIdentifier: name } = checkRequest(describeClusters, operation, fieldsOf(form));
    const cluster = clusters.get(name);
    if (cluster === undefined) throw new ApiError('DBClusterNotFoundFault', `DBCluster ${name} not found.`);
    const members = [...instances].filter((each) => each[1].cluster === name);
    return wrapped(`<DBClusters><DBCluster>${clusterXml(cluster, members)}</DBCluster></DBClusters>`);
  }
  if (operation !== 'DescribeDBInstances') throw new ApiError('InvalidAction', operation);
  const asked = checkRequest(describeInstances, operation, fieldsOf(form));
  const found = [...instances].filter(
    ([name, { cluster }]) =>
      !unsaid.has(name) &&
      (asked.DBInstanceIdentifier ?? name) === name &&
      (asked.Filters?.[0]?.Values[0] ?? cluster) === cluster,
  );
  if (asked.DBInstanceIdentifier !== undefined && found.length === 0) {
    throw new ApiError('DBInstanceNotFoundFault', `DBInstance ${asked.DBInstanceIdentifier} not found.`);
  }
  const from = Number(asked.Marker ?? 0);
  const marker = from + 1 < found.length ? `<Marker>${from + 1}</Marker>` : '';
  const page = found.slice(from, from + 1).map(instanceXml);
  return wrapped(`<DBInstances>${page.join('')}</DBInstances>${marker}`);
}

function clusterXml({ resourceId, minCapacity }: PlaneCluster, members: readonly [string, PlaneInstance][]): string {
  const named = members.map(
    ([name, { isWriter = false }]) =>
      `<DBClusterMember><DBInstanceIdentifier>${name}</DBInstanceIdentifier><IsClusterWriter>${isWriter}</IsClusterWriter></DBClusterMember>`,
  );
  const scaling =
    minCapacity === undefined
      ? ''
      : `<ServerlessV2ScalingConfiguration><MinCapacity>${minCapacity}</MinCapacity></ServerlessV2ScalingConfiguration>`;
  return `<DbClusterResourceId>${resourceId}</DbClusterResourceId>${scaling}<DBClusterMembers>${named.join('')}</DBClusterMembers>`;
}

function instanceXml([name, instance]: [string, PlaneInstance]): string {
  const { resourceId, status = 'available', cluster, host = `${name}.c0abc.eu-west-1.rds.amazonaws.com` } = instance;
  const endpoint = host === null ? '' : `<Endpoint><Address>${host}</Address><Port>5432</Port></Endpoint>`;
  const of = cluster === undefined ? '' : `<DBClusterIdentifier>${cluster}</DBClusterIdentifier>`;
  return `<DBInstance><DBInstanceIdentifier>${name}</DBInstanceIdentifier><DbiResourceId>${resourceId}</DbiResourceId><DBInstanceStatus>${status}</DBInstanceStatus>${endpoint}${of}</DBInstance>`;
}
