import type { CreateTableInput } from '@aws-sdk/client-dynamodb';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { problemsIn } from '../../functions/core/protocol/zod-words.ts';
import type { FunctionSpec } from '../lambda/function-spec.ts';
import { checkDefinition, type CheckedDefinition } from '../workflow/definition-check.ts';
import { readRule } from './event-rule.ts';
import { resolveIntrinsics, type Resource, type Resources } from './intrinsics.ts';

/** A synthesized stack: its template, and where in the assembly its assets are described. */
export interface SynthesizedStack {
  readonly name: string;
  readonly template: unknown;
}

/** Everything of a cloud assembly that the local runtime runs. */
export interface Assembly {
  readonly functions: readonly FunctionSpec[];
  readonly stateMachine: { readonly name: string; readonly definition: CheckedDefinition };
  readonly table: TableDefinition;
  readonly topicName: string;
  /** Names of the alarms. */
  readonly alarms: readonly string[];
  /** The function that each rule invokes, by the rule's name. */
  readonly rules: ReadonlyMap<string, string>;
}

const template = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

const lambdaFunction = z.object({
  FunctionName: z.string(),
  Handler: z.string(),
  Code: z.object({ S3Key: z.string() }),
  Timeout: z.number(),
  MemorySize: z.number(),
  ReservedConcurrentExecutions: z.number().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }).default({ Variables: {} }),
});
const stateMachine = z.object({ StateMachineName: z.string(), DefinitionString: z.string() });
const topic = z.object({ TopicName: z.string() });
const alarm = z.object({ AlarmName: z.string() });
const rule = z.object({ Name: z.string(), Targets: z.array(z.unknown()) });
const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const table = z.object({
  TableName: z.string(),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  BillingMode: z.literal('PAY_PER_REQUEST'),
  GlobalSecondaryIndexes: z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.object({ ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']) }),
      }),
    )
    .optional(),
});

const assetManifest = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string() }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

/**
 * Reads the templates of an assembly whose files are in `folder`. Throws when something that a local run needs is
 * missing, is there twice, or refers to something that is not simulated here.
 */
export function readAssembly(stacks: readonly SynthesizedStack[], folder: string): Assembly {
  const found = stacks.map((stack) => findIn(stack, folder));
  const machine = only(
    found.flatMap((parts) => parts.stateMachines),
    'state machine',
  );
  return {
    functions: found.flatMap((parts) => parts.functions),
    stateMachine: {
      name: machine.StateMachineName,
      definition: checkDefinition(JSON.parse(machine.DefinitionString)),
    },
    table: only(
      found.flatMap((parts) => parts.tables),
      'table',
    ),
    topicName: only(
      found.flatMap((parts) => parts.topics),
      'topic',
    ).TopicName,
    alarms: found.flatMap((parts) => parts.alarms.map(({ AlarmName }) => AlarmName)),
    rules: new Map(found.flatMap((parts) => parts.rules)),
  };
}

/** The one table of a stack. */
export function readTable(stack: SynthesizedStack): TableDefinition {
  const resources = resourcesOf(stack);
  return only(pick(resources, 'AWS::DynamoDB::Table', table, stack.name), 'table');
}

function findIn(stack: SynthesizedStack, folder: string) {
  const resources = resourcesOf(stack);
  const take = <T>(type: string, schema: z.ZodType<T>): T[] => pick(resources, type, schema, stack.name);
  const assetFolders = readAssetFolders(folder, stack.name);
  const functions = take('AWS::Lambda::Function', lambdaFunction).map((properties): FunctionSpec => {
    const assetFolder = assetFolders.get(properties.Code.S3Key);
    if (assetFolder === undefined)
      throw new Error(`${properties.FunctionName}: no bundle ${properties.Code.S3Key} in ${folder}`);
    return {
      name: properties.FunctionName,
      assetFolder,
      handler: properties.Handler,
      timeoutMs: properties.Timeout * 1000,
      memoryMb: properties.MemorySize,
      reservedConcurrency: properties.ReservedConcurrentExecutions ?? null,
      environment: properties.Environment.Variables,
    };
  });
  return {
    functions,
    stateMachines: take('AWS::StepFunctions::StateMachine', stateMachine),
    tables: take('AWS::DynamoDB::Table', table),
    topics: take('AWS::SNS::Topic', topic),
    alarms: take('AWS::CloudWatch::Alarm', alarm),
    rules: take('AWS::Events::Rule', rule).map(({ Name, Targets }) => [Name, readRule(Name, Targets)] as const),
  };
}

function resourcesOf({ template: text }: SynthesizedStack): Resources {
  return new Map(
    Object.entries(template.parse(text).Resources).map(([id, { Type, Properties }]): [string, Resource] => [
      id,
      { type: Type, properties: Properties },
    ]),
  );
}

/** Only the properties that the schema names are resolved; others may refer to what has no meaning here. */
function pick<T>(resources: Resources, type: string, schema: z.ZodType<T>, stack: string): T[] {
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return [...resources].flatMap(([id, resource]) => {
    if (resource.type !== type) return [];
    const wanted = Object.fromEntries(Object.entries(resource.properties).filter(([name]) => names.includes(name)));
    const parsed = schema.safeParse(resolveIntrinsics(wanted, resources, `${stack}.${id}`));
    if (parsed.success) return [parsed.data];
    const problems = problemsIn(parsed.error, 'properties').join('; ');
    throw new Error(`${stack}.${id}: the local runtime cannot run this ${type}: ${problems}`);
  });
}

/** Folders of bundles by the object key that the template names. */
function readAssetFolders(folder: string, stackName: string): ReadonlyMap<string, string> {
  const manifest = assetManifest.parse(JSON.parse(readFileSync(join(folder, `${stackName}.assets.json`), 'utf8')));
  return new Map(
    Object.values(manifest.files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, resolve(folder, source.path)] as const),
    ),
  );
}

function only<T>(found: readonly T[], what: string): T {
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return first;
  throw new Error(`a local run needs exactly one ${what} in the synthesized stacks; there are ${found.length}`);
}

/** The definition of a table, as the template and the API both write it. */
export type TableDefinition = Pick<
  CreateTableInput,
  'TableName' | 'AttributeDefinitions' | 'KeySchema' | 'GlobalSecondaryIndexes' | 'BillingMode'
>;
