import * as z from 'zod';
import { problemsIn } from '../../functions/core/protocol/zod-words.ts';
import { isRecord } from '../../functions/core/words/records.ts';
import { payloadTemplate, plainPath, resultPath, usesTaskToken } from './definition-paths.ts';

// What of the Amazon States Language the local interpreter runs as AWS does. Whatever is not listed is refused: some of
// it the interpreter ignores without a word (JSONata, HeartbeatSeconds, tolerated failures), some it does differently
// (falsy Pass results, a Task without a timeout, which it ends after 60 s).

const common = { Comment: z.string().optional(), QueryLanguage: z.literal('JSONPath').optional() };
const io = { InputPath: plainPath.nullable().optional(), OutputPath: plainPath.nullable().optional() };
const onward = { Next: z.string().optional(), End: z.literal(true).optional() };
const seconds = z.int().min(1);
const errorNames = z.array(z.string()).min(1);

const retrier = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: errorNames,
  IntervalSeconds: seconds.optional(),
  MaxAttempts: z.int().min(0).optional(),
  BackoffRate: z.number().min(1).optional(),
  MaxDelaySeconds: seconds.optional(),
  JitterStrategy: z.enum(['NONE', 'FULL']).optional(),
});

const catcher = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: errorNames,
  Next: z.string(),
  ResultPath: resultPath.optional(),
});

const INVOKE = 'arn:aws:states:::lambda:invoke';
const WAIT_FOR_TOKEN = `${INVOKE}.waitForTaskToken`;

const task = z
  .strictObject({
    ...common,
    ...io,
    ...onward,
    Type: z.literal('Task'),
    Resource: z.enum([INVOKE, WAIT_FOR_TOKEN], `the only tasks that run locally are ${INVOKE} and ${WAIT_FOR_TOKEN}`),
    Parameters: z
      .strictObject({
        FunctionName: z.string(),
        Payload: payloadTemplate.optional(),
        'Payload.$': plainPath.optional(),
      })
      .refine(
        (given) => (given.Payload === undefined) !== (given['Payload.$'] === undefined),
        'name Payload or Payload.$',
      ),
    ResultSelector: payloadTemplate.optional(),
    ResultPath: resultPath.optional(),
    TimeoutSeconds: seconds.optional(),
    TimeoutSecondsPath: plainPath.optional(),
    Retry: z.array(retrier).optional(),
    Catch: z.array(catcher).optional(),
  })
  .refine((given) => (given.TimeoutSeconds === undefined) !== (given.TimeoutSecondsPath === undefined), {
    path: ['TimeoutSeconds'],
    message:
      'name TimeoutSeconds or TimeoutSecondsPath: without one the interpreter ends the task after 60 s, AWS never',
    // Beside whatever else is wrong.
    when: ({ value }) => isRecord(value),
  })
  .refine((given) => given.TimeoutSecondsPath === undefined || given.Resource === WAIT_FOR_TOKEN, {
    path: ['TimeoutSecondsPath'],
    message: `runs locally as on AWS with ${WAIT_FOR_TOKEN} alone; name TimeoutSeconds`,
  })
  .refine((given) => (given.Resource === WAIT_FOR_TOKEN) === usesTaskToken(given.Parameters.Payload), {
    path: ['Parameters', 'Payload'],
    message: `hands $$.Task.Token on exactly where the task waits for it, which is ${WAIT_FOR_TOKEN}`,
  });

/** The comparisons whose outcome the interpreter and AWS agree on, one to a rule. */
const comparisons = {
  StringEquals: z.string().optional(),
  StringMatches: z.string().optional(),
  NumericEquals: z.number().optional(),
  NumericLessThan: z.number().optional(),
  NumericLessThanEquals: z.number().optional(),
  NumericGreaterThan: z.number().optional(),
  NumericGreaterThanEquals: z.number().optional(),
  BooleanEquals: z.boolean().optional(),
  IsNull: z.literal(true).optional(),
  IsPresent: z.literal(true).optional(),
};
const test = z
  .strictObject({ Variable: plainPath, ...comparisons })
  .refine((rule) => Object.keys(rule).length === 2, 'a rule makes exactly one comparison');
/** A test, or tests joined by And, Or, Not. */
const condition: z.ZodType = z.lazy(() =>
  z.union([
    test,
    z.strictObject({ And: z.array(condition) }),
    z.strictObject({ Or: z.array(condition) }),
    z.strictObject({ Not: condition }),
  ]),
);
const choiceRule = z.looseObject({ Comment: z.string().optional(), Next: z.string() }).superRefine((rule, issues) => {
  const rest = Object.fromEntries(Object.entries(rule).filter(([name]) => name !== 'Next' && name !== 'Comment'));
  for (const issue of condition.safeParse(rest).error?.issues ?? []) {
    issues.addIssue({
      code: 'custom',
      path: issue.path,
      message: `not a rule that runs locally as on AWS: ${issue.message}`,
    });
  }
});

const choice = z.strictObject({
  ...common,
  ...io,
  Type: z.literal('Choice'),
  Choices: z.array(choiceRule).min(1),
  Default: z.string('a Choice without Default fails where no rule matches; name one'),
});

const wait = z
  .strictObject({
    ...common,
    ...io,
    ...onward,
    Type: z.literal('Wait'),
    Seconds: seconds.optional(),
    SecondsPath: plainPath.optional(),
  })
  .refine(
    (given) => (given.Seconds === undefined) !== (given.SecondsPath === undefined),
    'name Seconds or SecondsPath',
  );

const pass = z.strictObject({
  ...common,
  ...io,
  ...onward,
  Type: z.literal('Pass'),
  Parameters: payloadTemplate.optional(),
  Result: z.json().refine(Boolean, 'the interpreter ignores a falsy Result').optional(),
  ResultPath: resultPath.optional(),
});

const succeed = z.strictObject({ ...common, ...io, Type: z.literal('Succeed') });

const fail = z.strictObject({
  ...common,
  Type: z.literal('Fail'),
  Error: z.string().optional(),
  ErrorPath: plainPath.optional(),
  Cause: z.string().optional(),
  CausePath: plainPath.optional(),
});

const machineDefinition = z.strictObject({
  ...common,
  Version: z.literal('1.0').optional(),
  StartAt: z.string(),
  TimeoutSeconds: seconds.optional(),
  States: z.record(z.string(), z.discriminatedUnion('Type', [task, choice, wait, pass, succeed, fail])),
});
export type CheckedDefinition = z.infer<typeof machineDefinition>;

/** A definition holds something that would not run locally as it does on AWS. Names every such place. */
export class UnsupportedDefinition extends Error {
  constructor(problems: readonly string[]) {
    super(
      `the state machine has what the local runtime does not run:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
    this.name = 'UnsupportedDefinition';
  }
}

/** Throws UnsupportedDefinition unless all of the definition is known to run locally as it does on AWS. */
export function checkDefinition(definition: unknown): CheckedDefinition {
  const parsed = machineDefinition.safeParse(definition);
  if (parsed.success) return parsed.data;
  throw new UnsupportedDefinition(problemsIn(parsed.error, 'definition'));
}

/** Whether a state waits until the result of its task is sent. */
export function waitsForToken(state: CheckedDefinition['States'][string]): boolean {
  return state.Type === 'Task' && state.Resource === WAIT_FOR_TOKEN;
}

/** Names of the Task states with the function each invokes. */
export function functionsOf(definition: CheckedDefinition): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(definition.States).flatMap(([name, state]) =>
      state.Type === 'Task' ? [[name, state.Parameters.FunctionName] as const] : [],
    ),
  );
}
