import { ACCOUNT, REGION } from '../machine/place.ts';

/** A resource of a template, as far as anything here uses it. */
export interface Resource {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export type Resources = ReadonlyMap<string, Resource>;

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** For each kind of resource that something refers to: what Ref yields, and the attributes, for a physical name. */
const KINDS: Readonly<
  Record<string, { readonly name: string; readonly ref: 'name' | 'arn' | 'none'; readonly arn: string }>
> = {
  'AWS::Lambda::Function': { name: 'FunctionName', ref: 'name', arn: 'lambda:@:function:' },
  'AWS::DynamoDB::Table': { name: 'TableName', ref: 'name', arn: 'dynamodb:@:table/' },
  'AWS::SNS::Topic': { name: 'TopicName', ref: 'arn', arn: 'sns:@:' },
  'AWS::StepFunctions::StateMachine': { name: 'StateMachineName', ref: 'arn', arn: 'states:@:stateMachine:' },
  'AWS::SQS::Queue': { name: 'QueueName', ref: 'none', arn: 'sqs:@:' },
  'AWS::ApiGatewayV2::Api': { name: 'Name', ref: 'none', arn: 'apigateway:@:/apis/' },
  'AWS::CloudWatch::Alarm': { name: 'AlarmName', ref: 'name', arn: 'cloudwatch:@:alarm:' },
};

/**
 * Puts plain values in the place of a template's references, as CloudFormation would in the region and account of local
 * runs. Throws for a function or a resource it does not know, naming the place.
 */
export function resolveIntrinsics(value: unknown, resources: Resources, place: string): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveIntrinsics(item, resources, `${place}[${index}]`));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  if (entries.length === 1 && name !== undefined && (name === 'Ref' || name.startsWith('Fn::'))) {
    return resolveFunction(name, argument, resources, place);
  }
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, resolveIntrinsics(inner, resources, `${place}.${key}`)] as const),
  );
}

function resolveFunction(name: string, argument: unknown, resources: Resources, place: string): unknown {
  if (name === 'Ref' && typeof argument === 'string') return referTo(argument, null, resources, place);
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) {
    return referTo(String(argument[0]), String(argument[1]), resources, place);
  }
  if (name === 'Fn::Join' && Array.isArray(argument)) {
    const parts = resolveIntrinsics(argument[1], resources, place);
    if (Array.isArray(parts)) return parts.map(String).join(String(argument[0]));
  }
  if (name === 'Fn::Sub' && typeof argument === 'string') {
    return argument.replaceAll(/\$\{([^!}][^}]*)\}/g, (_, reference: string) => {
      const [id = '', attribute = null] = reference.split('.');
      return referTo(id, attribute, resources, place);
    });
  }
  throw new Error(`${place}: the local runtime does not resolve ${JSON.stringify({ [name]: argument })}`);
}

function referTo(id: string, attribute: string | null, resources: Resources, place: string): string {
  const pseudo = PSEUDO[id];
  if (pseudo !== undefined) return pseudo;
  const resource = resources.get(id);
  const kind = resource && KINDS[resource.type];
  if (resource === undefined || kind === undefined) {
    throw new Error(`${place}: the local runtime knows no value for ${id} (${resource?.type ?? 'no such resource'})`);
  }
  // Where it is served here is known once it runs; see `startHttpApi`.
  if (resource.type === 'AWS::ApiGatewayV2::Api' && attribute === 'ApiEndpoint') return 'https://http-api.invalid';
  // CloudFormation names what has no name of its own; here the logical id will do.
  const physical = resolveIntrinsics(resource.properties[kind.name] ?? id, resources, place);
  const arn = `arn:aws:${kind.arn.replace('@', `${REGION}:${ACCOUNT}`)}${String(physical)}`;
  if (attribute === 'Arn' || (attribute === null && kind.ref === 'arn')) return arn;
  if (attribute === kind.name || attribute === 'Name' || (attribute === null && kind.ref === 'name')) {
    return String(physical);
  }
  throw new Error(`${place}: the local runtime knows no ${attribute ?? 'Ref'} of ${id}`);
}
