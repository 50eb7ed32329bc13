import { describe, expect, test } from 'vitest';
import { checkDefinition, UnsupportedDefinition } from '../../../local/workflow/definition-check.ts';

const TASK = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: 'diagnose', Payload: { 'incidentId.$': '$.incidentId', schema: 1 } },
  TimeoutSeconds: 10,
  Next: 'Closed',
};

function withTask(change: object): unknown {
  return { StartAt: 'Diagnose', States: { Diagnose: { ...TASK, ...change }, Closed: { Type: 'Succeed' } } };
}

function withState(state: object): unknown {
  return { StartAt: 'Only', States: { Only: state, Closed: { Type: 'Succeed' } } };
}

describe('a definition passes with', () => {
  test.each<[string, unknown]>([
    ['a task as CDK writes it', withTask({})],
    ['the whole input as payload', withTask({ Parameters: { FunctionName: 'diagnose', 'Payload.$': '$' } })],
    [
      'the execution in the payload',
      withTask({ Parameters: { FunctionName: 'diagnose', Payload: { 'id.$': '$$.Execution.Name' } } }),
    ],
    [
      'Retry and Catch',
      withTask({
        Retry: [
          {
            ErrorEquals: ['Lambda.Unknown'],
            IntervalSeconds: 1,
            MaxAttempts: 0,
            BackoffRate: 2,
            MaxDelaySeconds: 20,
            JitterStrategy: 'FULL',
          },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Closed', ResultPath: null }],
      }),
    ],
    [
      'a task that waits for its token, as long as the input says',
      withTask({
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Parameters: { FunctionName: 'x', Payload: { 'taskToken.$': '$$.Task.Token' } },
        TimeoutSeconds: undefined,
        TimeoutSecondsPath: '$.waitSeconds',
      }),
    ],
    [
      'joined conditions',
      withState({
        Type: 'Choice',
        Choices: [
          {
            And: [{ Variable: '$.next', StringEquals: 'close' }, { Not: { Variable: '$.a', IsNull: true } }],
            Next: 'Closed',
          },
        ],
        Default: 'Closed',
      }),
    ],
  ])('%s', (_, definition) => {
    expect(checkDefinition(definition)).toEqual(definition);
  });
});

describe('a definition is refused for', () => {
  test.each<[string, unknown, string]>([
    [
      'JSONata',
      { QueryLanguage: 'JSONata', StartAt: 'Closed', States: { Closed: { Type: 'Succeed' } } },
      'QueryLanguage',
    ],
    ['JSONata in one state', withTask({ QueryLanguage: 'JSONata' }), 'States.Diagnose.QueryLanguage'],
    ['variables', withTask({ Assign: { 'x.$': '$.x' } }), 'Assign'],
    ['a heartbeat', withTask({ HeartbeatSeconds: 5 }), 'HeartbeatSeconds'],
    ['credentials', withTask({ Credentials: { RoleArn: 'x' } }), 'Credentials'],
    ['a task without timeout', withTask({ TimeoutSeconds: undefined }), 'States.Diagnose.TimeoutSeconds'],
    [
      'a task that waits for a token it hands to nobody',
      withTask({ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }),
      'Parameters.Payload: hands $$.Task.Token on exactly where',
    ],
    [
      'a token that nothing waits for',
      withTask({ Parameters: { FunctionName: 'x', Payload: { 'b.$': '$$.Task.Token' } } }),
      'Parameters.Payload: hands $$.Task.Token on exactly where',
    ],
    [
      'a timeout from the input of a task that does not wait',
      withTask({ TimeoutSeconds: undefined, TimeoutSecondsPath: '$.t' }),
      'TimeoutSecondsPath',
    ],
    ['two timeouts', withTask({ TimeoutSecondsPath: '$.t' }), 'name TimeoutSeconds or TimeoutSecondsPath'],
    ['another service', withTask({ Resource: 'arn:aws:states:::sns:publish' }), 'the only tasks that run locally'],
    [
      'an asynchronous invocation',
      withTask({ Parameters: { ...TASK.Parameters, InvocationType: 'Event' } }),
      'InvocationType',
    ],
    ['a result that takes the place of the input', withTask({ ResultPath: '$' }), 'States.Diagnose.ResultPath'],
    [
      'a caught error that does so',
      withTask({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Closed', ResultPath: '$' }] }),
      'Catch.0.ResultPath',
    ],
    [
      'the state in the context',
      withTask({ Parameters: { FunctionName: 'x', Payload: { a: { 'b.$': '$$.State.RetryCount' } } } }),
      'Payload.a.b.$',
    ],
    ['a variable', withTask({ Parameters: { FunctionName: 'x', Payload: { 'b.$': '$name' } } }), 'Payload.b.$'],
    ['a filter', withTask({ ResultSelector: { 'b.$': '$.list[?(@.x > 1)]' } }), 'ResultSelector.b.$'],
    ['a wildcard', withTask({ OutputPath: '$..x' }), 'OutputPath'],
    ['an unchecked intrinsic function', withTask({ ResultSelector: { 'b.$': 'States.UUID()' } }), 'ResultSelector.b.$'],
    ['Map', withState({ Type: 'Map', ItemProcessor: {}, End: true }), 'States.Only.Type'],
    ['Parallel', withState({ Type: 'Parallel', Branches: [], End: true }), 'States.Only.Type'],
    [
      'a wait until a time',
      withState({ Type: 'Wait', Timestamp: '2026-11-21T00:00:00Z', Next: 'Closed' }),
      'Timestamp',
    ],
    ['a falsy result', withState({ Type: 'Pass', Result: '', Next: 'Closed' }), 'States.Only.Result'],
    [
      'a Choice without Default',
      withState({ Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, Next: 'Closed' }] }),
      'Default',
    ],
    [
      'a comparison of times',
      withState({
        Type: 'Choice',
        Choices: [{ Variable: '$.a', TimestampEquals: 'x', Next: 'Closed' }],
        Default: 'Closed',
      }),
      'Choices.0',
    ],
    [
      'two comparisons in one rule',
      withState({
        Type: 'Choice',
        Choices: [{ Variable: '$.a', IsNull: true, IsPresent: true, Next: 'Closed' }],
        Default: 'Closed',
      }),
      'Choices.0',
    ],
    ['a field that does not exist yet', withState({ Type: 'Succeed', Novelty: 1 }), 'Novelty'],
  ])('%s', (_, definition, place) => {
    expect(() => checkDefinition(definition)).toThrow(UnsupportedDefinition);
    expect(() => checkDefinition(definition)).toThrow(place);
  });

  test('everything at once', () => {
    const wrong = withTask({ TimeoutSeconds: undefined, HeartbeatSeconds: 5, ResultPath: '$' });
    expect(() => checkDefinition(wrong)).toThrow(/ResultPath[^]*HeartbeatSeconds[^]*TimeoutSeconds/);
  });
});
