import aslValidator from 'asl-validator';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { TIERS } from '../../../functions/core/plan/tiers/index.ts';
import { definitionOf, definitionText, successorsOf, type State } from '../../support/definition.ts';
import { inlineStatementsOf, inShort, statementsOf, templatesOf } from '../../support/templates.ts';

const lambdaFunction = z.object({ Properties: z.object({ FunctionName: z.string(), Timeout: z.number() }) });
const { shared } = templatesOf();
const machine = definitionOf(shared);
const tierStates = TIERS.map((tier) => tier.state);

function stateNamed(name: string): State {
  const found = machine.States[name];
  if (found === undefined) throw new Error(`there is no state ${name}`);
  return found;
}

const tasks = Object.entries(machine.States).filter(([, state]) => state.Type === 'Task');
const timeLimits = new Map(
  Object.values(shared.findResources('AWS::Lambda::Function')).map((resource) => {
    const { Properties } = lambdaFunction.parse(resource);
    return [Properties.FunctionName, Properties.Timeout] as const;
  }),
);
const DID_NOT_RUN = [
  'Lambda.TooManyRequestsException',
  'Lambda.ResourceNotReadyException',
  'Lambda.ENINotReadyException',
  'Lambda.EC2ThrottledException',
];

describe('the graph of the workflow', () => {
  test('is a valid definition by the rules of the language', () => {
    const result = aslValidator(JSON.parse(definitionText(shared)));
    expect(result.errors).toEqual([]);
    expect(result.isValid).toBe(true);
  });

  test('leads from state to state as designed', () => {
    const graph = Object.fromEntries(
      Object.entries(machine.States).map(([name, state]) => [name, successorsOf(state)]),
    );
    const tier = ['Settle', 'Escalate', 'CloseAsFailed'];
    expect(machine.StartAt).toBe('Diagnose');
    expect(graph).toEqual({
      Diagnose: ['ChooseTier', 'Escalate', 'CloseAsFailed'],
      ChooseTier: [
        'Escalate',
        'KillIdle',
        'EndIdleTransactions',
        'BreakLocks',
        'CancelLongQueries',
        'CapConsumer',
        'WaitForApproval',
        'Settle',
        'WatchForRebound',
        'StayOpen',
        'Close',
      ],
      KillIdle: tier,
      EndIdleTransactions: tier,
      BreakLocks: tier,
      CancelLongQueries: tier,
      CapConsumer: tier,
      WaitForApproval: ['Diagnose', 'Escalate', 'CloseAsFailed', 'Settle'],
      Settle: ['Diagnose'],
      WatchForRebound: ['Diagnose'],
      StayOpen: ['Diagnose'],
      Escalate: ['StayOrClose', 'CloseAsFailed'],
      StayOrClose: ['Escalated', 'StayOpen'],
      Escalated: ['Close'],
      Close: ['Notify', 'CloseAsFailed'],
      Notify: ['Closed'],
      Closed: [],
      CloseAsFailed: ['NotifyFailed'],
      NotifyFailed: ['Failed'],
      Failed: [],
    });
  });

  test('has one state for every tier of the table, chosen by its name', () => {
    const choices = stateNamed('ChooseTier').Choices ?? [];
    for (const tier of TIERS) {
      expect(choices).toContainEqual({ Variable: '$.next', StringEquals: tier.name, Next: tier.state });
      expect(stateNamed(tier.state).Parameters?.Payload).toEqual({
        'schema.$': '$.schema',
        'incidentId.$': '$.incidentId',
        'round.$': '$.round',
        tier: tier.name,
      });
    }
  });

  test('escalates when Diagnose says something nobody knows', () => {
    expect(stateNamed('ChooseTier').Default).toBe('Escalate');
  });
});

describe('data between the states', () => {
  test('Diagnose starts from the execution input and its answer replaces everything', () => {
    const diagnose = stateNamed('Diagnose');
    expect(diagnose.Parameters?.Payload).toEqual({ 'schema.$': '$.schema', 'incidentId.$': '$.incidentId' });
    expect(diagnose.OutputPath).toBe('$.Payload');
  });

  test('what follows Escalate is recorded as escalated, also when Diagnose never said so', () => {
    expect(stateNamed('Escalated')).toMatchObject({ Type: 'Pass', Result: 'escalated', ResultPath: '$.outcome' });
    expect(stateNamed('Close').Parameters?.Payload).toEqual({
      'incidentId.$': '$.incidentId',
      'outcome.$': '$.outcome',
      'error.$': '$.error',
    });
  });

  test('whatever leads to CloseAsFailed or to Escalate by a catch brings the error along', () => {
    const caught = Object.values(machine.States).flatMap((state) => state.Catch);
    for (const one of caught.filter(({ Next }) => ['CloseAsFailed', 'Escalate'].includes(Next))) {
      expect(one.ResultPath).toBe('$.error');
    }
    expect(stateNamed('CloseAsFailed').Parameters?.Payload).toEqual({
      'incidentId.$': '$.incidentId',
      outcome: 'failed',
      'error.$': '$.error',
    });
  });

  test('nothing is used that the local interpreter would silently do otherwise', () => {
    const text = definitionText(shared);
    for (const banned of ['"Assign"', 'HeartbeatSeconds', 'JSONata', '"ResultPath":"$"']) {
      expect(text).not.toContain(banned);
    }
    expect(text.match(/\$\$\.[\w.]+/g)).toEqual(['$$.Task.Token']);
  });
});

describe('after a page', () => {
  test('the incident goes on when Escalate says so, and otherwise ends as escalated', () => {
    expect(stateNamed('StayOrClose')).toMatchObject({
      Choices: [{ Variable: '$.page.result.next', StringEquals: 'stay', Next: 'StayOpen' }],
      Default: 'Escalated',
    });
    expect(stateNamed('Escalate')).toMatchObject({
      ResultSelector: { 'result.$': '$.Payload' },
      ResultPath: '$.page',
    });
  });

  test('it waits for as long as Diagnose has said, and looks again', () => {
    expect(stateNamed('StayOpen')).toMatchObject({ Type: 'Wait', SecondsPath: '$.staySeconds', Next: 'Diagnose' });
    expect(stateNamed('ChooseTier').Choices).toContainEqual({
      Variable: '$.next',
      StringEquals: 'stay',
      Next: 'StayOpen',
    });
  });
});

describe('waiting for a person', () => {
  const waiting = stateNamed('WaitForApproval');

  test('hands the token to ask alone, and nothing of the answer on', () => {
    expect(waiting.Resource).toBe('arn:aws:states:::lambda:invoke.waitForTaskToken');
    expect(waiting.Parameters?.FunctionName).toContain('Ask');
    expect(waiting.Parameters?.Payload).toEqual({
      'schema.$': '$.schema',
      'incidentId.$': '$.incidentId',
      'round.$': '$.round',
      'taskToken.$': '$$.Task.Token',
    });
    expect(waiting.ResultPath).toBeNull();
  });

  test('leads to a fresh look whatever was answered, also when nobody answered in time', () => {
    expect(waiting.Next).toBe('Diagnose');
    expect(waiting.Catch).toContainEqual({ ErrorEquals: ['States.Timeout'], Next: 'Diagnose', ResultPath: null });
    const behindIt = Object.values(machine.States).filter((state) => successorsOf(state).includes('WaitForApproval'));
    expect(behindIt.map(({ Type }) => Type)).toEqual(['Choice']);
  });

  test('ends when Diagnose says so, and asks again only where nobody was asked', () => {
    expect(waiting.TimeoutSecondsPath).toBe('$.waitSeconds');
    expect(waiting.Retry.flatMap((retry) => retry.ErrorEquals)).toEqual(DID_NOT_RUN);
  });
});

describe('time limits', () => {
  test.each(tasks.filter(([name]) => name !== 'WaitForApproval'))(
    '%s has one of its own, longer than its function may run',
    (_, task) => {
      const name = task.Parameters?.FunctionName.split('-').at(-1)?.toLowerCase();
      expect(task.TimeoutSeconds).toBeGreaterThan(timeLimits.get(`headroom-${name}`) ?? Infinity);
    },
  );

  test('the whole ends after 40 minutes, the longest wait for people and the longest stay; no step can take it all', () => {
    expect(machine.TimeoutSeconds).toBe(2400 + 2 * 3600 + 12 * 3600);
    for (const [, task] of tasks) expect(task.TimeoutSeconds ?? 0).toBeLessThan(600);
  });
});

describe('retries and catches', () => {
  test.each(tierStates)('%s is only repeated on errors that prove it did not run', (name) => {
    expect(stateNamed(name).Retry.flatMap((retry) => retry.ErrorEquals)).toEqual(DID_NOT_RUN);
  });

  test.each(tierStates)(
    '%s escalates after a deploy, stops when it lost the fence, and looks again after anything else',
    (name) => {
      expect(stateNamed(name).Catch).toEqual([
        { ErrorEquals: ['SchemaMismatch'], Next: 'Escalate', ResultPath: '$.error' },
        { ErrorEquals: ['FenceLost'], Next: 'CloseAsFailed', ResultPath: '$.error' },
        { ErrorEquals: ['States.ALL'], Next: 'Settle', ResultPath: '$.error' },
      ]);
    },
  );

  test('Diagnose waits for Lambda to wake a function, and never repeats what cannot get better', () => {
    const errors = stateNamed('Diagnose').Retry.flatMap((retry) => retry.ErrorEquals);
    expect(errors).toEqual(expect.arrayContaining([...DID_NOT_RUN, 'Lambda.ServiceException']));
    for (const final of ['States.ALL', 'States.TaskFailed', 'States.Timeout', 'SchemaMismatch', 'FenceLost']) {
      expect(errors).not.toContain(final);
    }
  });

  test('every task has a catch for everything', () => {
    for (const [name, task] of tasks) expect(task.Catch.at(-1)?.ErrorEquals, name).toEqual(['States.ALL']);
  });

  test('a notice that cannot be sent does not change how the workflow ends', () => {
    expect(stateNamed('Notify').Catch).toEqual([{ ErrorEquals: ['States.ALL'], Next: 'Closed', ResultPath: null }]);
    expect(stateNamed('Closed').Type).toBe('Succeed');
    expect(stateNamed('Failed').Type).toBe('Fail');
  });
});

describe('the state machine', () => {
  test('is a Standard one with tracing, and logs without the data of executions', () => {
    shared.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineName: 'headroom-workflow',
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
  });

  test('may invoke the six functions of its steps, without any pattern', () => {
    expect(inlineStatementsOf(shared, 'WorkflowRole', 'Steps').map(inShort)).toEqual([
      'Allow lambda:InvokeFunction on <Act.Arn> <Ask.Arn> <Close.Arn> <Diagnose.Arn> <Escalate.Arn> <Notify.Arn>',
    ]);
    expect(statementsOf(shared, 'WorkflowRole')).toEqual([]);
  });
});
