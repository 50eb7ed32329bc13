import type { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';
import { renderValue } from './templates.ts';

const retrier = z.object({
  ErrorEquals: z.array(z.string()),
  IntervalSeconds: z.number(),
  MaxAttempts: z.number(),
  BackoffRate: z.number(),
  MaxDelaySeconds: z.number().optional(),
});
const catcher = z.object({ ErrorEquals: z.array(z.string()), Next: z.string(), ResultPath: z.string().nullable() });
const state = z.object({
  Type: z.enum(['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail']),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(z.object({ Variable: z.string(), StringEquals: z.string(), Next: z.string() })).optional(),
  Retry: z.array(retrier).default([]),
  Catch: z.array(catcher).default([]),
  Resource: z.string().optional(),
  TimeoutSeconds: z.number().optional(),
  TimeoutSecondsPath: z.string().optional(),
  ResultPath: z.string().nullable().optional(),
  ResultSelector: z.record(z.string(), z.unknown()).optional(),
  OutputPath: z.string().nullable().optional(),
  SecondsPath: z.string().optional(),
  Result: z.unknown().optional(),
  Parameters: z.object({ FunctionName: z.string(), Payload: z.record(z.string(), z.unknown()) }).optional(),
});
const definition = z.object({ StartAt: z.string(), TimeoutSeconds: z.number(), States: z.record(z.string(), state) });

export type State = z.infer<typeof state>;
export type Definition = z.infer<typeof definition>;

/** The state machine of a template as JSON text, its functions as ARNs that look real. */
export function definitionText(template: Template): string {
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
  const { Properties } = z.object({ Properties: z.object({ DefinitionString: z.unknown() }) }).parse(machine);
  return renderValue(Properties.DefinitionString)
    .replaceAll('<AWS::Partition>', 'aws')
    .replace(/<(\w+)\.Arn>/g, 'arn:aws:lambda:eu-west-1:111122223333:function:headroom-$1');
}

/** The state machine of a template. */
export function definitionOf(template: Template): Definition {
  return definition.parse(JSON.parse(definitionText(template)));
}

/** Every state that may follow a state, by whatever way. */
export function successorsOf(one: State): string[] {
  const ways = [
    one.Next,
    one.Default,
    ...(one.Choices ?? []).map((choice) => choice.Next),
    ...one.Catch.map((c) => c.Next),
  ];
  return [...new Set(ways.filter((way) => way !== undefined))];
}
