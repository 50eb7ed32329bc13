import { describe, expect, onTestFinished, test } from 'vitest';
import type { Progress } from '../../../local/machine/progress.ts';
import { checkDefinition } from '../../../local/workflow/definition-check.ts';
import {
  createStateMachine,
  type LocalStateMachine,
  type StateMachineSettings,
} from '../../../local/workflow/state-machine.ts';
import { eventually } from '../workbench.ts';

type Invoke = StateMachineSettings['invoke'];

const INVOKE = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', TimeoutSeconds: 5 };
const CLOSED = { Closed: { Type: 'Succeed' } };

function machineOf(
  states: object,
  invoke: Invoke,
  change: Partial<StateMachineSettings> & { readonly timeoutSeconds?: number } = {},
): { machine: LocalStateMachine; seen: Progress[] } {
  const seen: Progress[] = [];
  const { timeoutSeconds: TimeoutSeconds, ...rest } = change;
  const machine = createStateMachine({
    name: 'headroom-workflow',
    definition: checkDefinition({
      StartAt: Object.keys(states)[0],
      ...(TimeoutSeconds === undefined ? {} : { TimeoutSeconds }),
      States: { ...states, ...CLOSED },
    }),
    invoke,
    onProgress: (progress) => seen.push(progress),
    ...rest,
  });
  onTestFinished(() => machine.stopAll());
  return { machine, seen };
}

const answer = (payload: unknown): ReturnType<Invoke> =>
  Promise.resolve({ kind: 'answered', payload: JSON.stringify(payload) });
const failing = (kind: 'thrown' | 'sandbox', errorType: string): ReturnType<Invoke> =>
  Promise.resolve({ kind, error: { errorType, errorMessage: 'why', trace: [] } });

/** The states that were entered, in order. */
function path(seen: readonly Progress[]): string[] {
  return seen.flatMap((one) => (one.kind === 'state-entered' ? [one.state] : []));
}

const DIAGNOSE = {
  Diagnose: {
    ...INVOKE,
    Parameters: { FunctionName: 'diagnose', Payload: { 'incidentId.$': '$.incidentId', 'error.$': '$.error' } },
    OutputPath: '$.Payload',
    Next: 'Closed',
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Failed' }],
  },
  Failed: { Type: 'Fail', Error: 'IncidentFailed', Cause: 'see its record' },
};
const INPUT = '{"incidentId":"i1","error":null}';

describe('a task', () => {
  test('gets its evaluated payload, null included, and hands on what the function answered', async () => {
    const calls: unknown[] = [];
    const { machine, seen } = machineOf(DIAGNOSE, (name, event) => {
      calls.push([name, JSON.parse(event)]);
      return answer({ round: 1 });
    });
    machine.start('i1', INPUT);
    expect(await machine.ended('i1')).toMatchObject({ status: 'SUCCEEDED', output: '{"round":1}', error: null });
    expect(calls).toEqual([['diagnose', { incidentId: 'i1', error: null }]]);
    expect(path(seen)).toEqual(['Diagnose', 'Closed']);
    expect(seen.at(-1)).toMatchObject({ kind: 'execution-ended', execution: 'i1', status: 'SUCCEEDED' });
  });

  test('knows the execution it belongs to', async () => {
    const states = {
      Diagnose: {
        ...INVOKE,
        Parameters: { FunctionName: 'f', Payload: { 'name.$': '$$.Execution.Name', 'id.$': '$$.Execution.Id' } },
        OutputPath: '$.Payload',
        Next: 'Closed',
      },
    };
    const { machine } = machineOf(states, (_, event) => answer(JSON.parse(event)));
    const { arn } = machine.start('i1', '{}');
    expect(JSON.parse(String((await machine.ended('i1')).output))).toEqual({ name: 'i1', id: arn });
  });

  test.each([
    ['thrown', 'FenceLost', 'FenceLost'],
    ['sandbox', 'Sandbox.Timedout', 'Lambda.Unknown'],
    ['sandbox', 'Runtime.ExitError', 'Lambda.Unknown'],
  ] as const)(
    'whose function ends with %s %s fails as %s, with the details as cause',
    async (kind, errorType, shown) => {
      const { machine, seen } = machineOf(DIAGNOSE, () => failing(kind, errorType));
      machine.start('i1', INPUT);
      await machine.ended('i1');
      const caught = seen.find((one) => one.kind === 'state-exited');
      expect(caught).toMatchObject({ state: 'Diagnose', output: { error: { Error: shown } } });
      expect(JSON.stringify(caught)).toContain(errorType);
      expect(path(seen)).toEqual(['Diagnose', 'Failed']);
    },
  );

  test('is retried by the name of its error and no other', async () => {
    const states = {
      Act: {
        ...INVOKE,
        Parameters: { FunctionName: 'act', Payload: {} },
        OutputPath: '$.Payload',
        Next: 'Closed',
        Retry: [
          { ErrorEquals: ['Lambda.TooManyRequestsException'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 },
        ],
      },
    };
    let calls = 0;
    const busyOnce: Invoke = () => (++calls === 1 ? Promise.resolve({ kind: 'throttled' }) : answer('done'));
    const { machine, seen } = machineOf(states, busyOnce);
    machine.start('i1', '{}');
    expect(await machine.ended('i1')).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
    expect(seen.filter(({ kind }) => kind === 'state-retried')).toHaveLength(1);

    const { machine: other } = machineOf(states, () => failing('thrown', 'FenceLost'));
    other.start('i1', '{}');
    expect(await other.ended('i1')).toMatchObject({ status: 'FAILED', error: 'FenceLost' });
  });

  test('that takes too long is States.Timeout', async () => {
    const states = { ...DIAGNOSE, Diagnose: { ...DIAGNOSE.Diagnose, TimeoutSeconds: 1 } };
    const { machine, seen } = machineOf(states, () => new Promise(() => undefined));
    machine.start('i1', INPUT);
    await machine.ended('i1');
    expect(seen.find(({ kind }) => kind === 'state-failed')).toMatchObject({ error: 'States.Timeout' });
  });
});

describe('a task that waits for its token', () => {
  const ASK = {
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: 'ask', Payload: { 'taskToken.$': '$$.Task.Token', 'round.$': '$.round' } },
      ResultPath: '$.answer',
      TimeoutSecondsPath: '$.waitSeconds',
      Next: 'Closed',
      Retry: [{ ErrorEquals: ['Again'], IntervalSeconds: 1, MaxAttempts: 1, BackoffRate: 1 }],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Failed' }],
    },
    Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
  };
  const payloads: { taskToken: string; round: number }[] = [];
  const noting: Invoke = (_, event) => {
    payloads.push(JSON.parse(event) as { taskToken: string; round: number });
    return answer('asked');
  };
  const asking = (invoke: Invoke = noting) => {
    payloads.length = 0;
    return machineOf(ASK, invoke);
  };
  const waiting = (seen: readonly Progress[]) => eventually(() => seen.some(({ kind }) => kind === 'task-waiting'));
  const lastToken = () => payloads.at(-1)?.taskToken ?? '';

  test('goes on with the result that is sent, not with what its function answered, and keeps its token to itself', async () => {
    const { machine, seen } = asking();
    machine.start('i1', '{"round":3,"waitSeconds":5}');
    await waiting(seen);
    expect(payloads).toEqual([{ taskToken: expect.stringMatching(/.{20}/) as string, round: 3 }]);
    machine.sendTaskResult(lastToken(), '"yes"');
    const ended = await machine.ended('i1');
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: '{"round":3,"waitSeconds":5,"answer":"yes"}' });
    expect(JSON.stringify([seen, ended])).not.toContain(lastToken());
  });

  test('takes one result: a second, or one for a token that was never issued, is refused', async () => {
    const { machine, seen } = asking();
    machine.start('i1', '{"round":1,"waitSeconds":5}');
    await waiting(seen);
    const yes = '{}';
    expect(() => machine.sendTaskResult('guessed', yes)).toThrow('Invalid Token');
    machine.sendTaskResult(lastToken(), yes);
    expect(() => machine.sendTaskResult(lastToken(), yes)).toThrow('Task Timed Out');
    expect(await machine.ended('i1')).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('waits as long as its input says, and not a result later', async () => {
    const { machine } = asking();
    machine.start('i1', '{"round":1,"waitSeconds":1}');
    expect(await machine.ended('i1')).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(() => machine.sendTaskResult(lastToken(), '{}')).toThrow('Task Timed Out');
  });

  test('fails with its function, and has another token when it is tried again', async () => {
    let calls = 0;
    const { machine, seen } = asking((name, event) => {
      void noting(name, event);
      return ++calls === 1 ? failing('thrown', 'Again') : answer('asked');
    });
    machine.start('i1', '{"round":1,"waitSeconds":5}');
    await waiting(seen);
    const [first, second] = payloads.map(({ taskToken }) => taskToken);
    expect(first).not.toBe(second);
    expect(() => machine.sendTaskResult(first ?? '', '{}')).toThrow('Task Timed Out');
    machine.sendTaskResult(second ?? '', '{}');
    expect(await machine.ended('i1')).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('whose execution is stopped waits no more', async () => {
    const { machine, seen } = asking();
    machine.start('i1', '{"round":1,"waitSeconds":5}');
    await waiting(seen);
    machine.stop('i1', null, null);
    expect(await machine.ended('i1')).toMatchObject({ status: 'ABORTED' });
    expect(() => machine.sendTaskResult(lastToken(), '{}')).toThrow('Task Timed Out');
  });
});

describe('an execution', () => {
  test('that reaches a Fail state has its error and cause', async () => {
    const { machine, seen } = machineOf(DIAGNOSE, () => failing('thrown', 'BadRequest'));
    machine.start('i1', INPUT);
    const failed = { status: 'FAILED', error: 'IncidentFailed', cause: 'see its record' };
    expect(await machine.ended('i1')).toMatchObject(failed);
    expect(seen.at(-1)).toMatchObject({ kind: 'execution-ended', ...failed });
  });

  test('past the timeout of the machine is TIMED_OUT', async () => {
    const states = { Settle: { Type: 'Wait', Seconds: 60, Next: 'Closed' } };
    const { machine } = machineOf(states, () => answer(null), { timeoutSeconds: 1 });
    machine.start('i1', '{}');
    expect(await machine.ended('i1')).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
  });

  test('that is stopped is ABORTED at once, and nothing of it starts any more', async () => {
    const states = {
      Act: {
        ...INVOKE,
        Parameters: { FunctionName: 'act', Payload: {} },
        Next: 'Closed',
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 30, MaxAttempts: 5 }],
      },
    };
    let calls = 0;
    const { machine, seen } = machineOf(states, () => {
      calls += 1;
      return failing('thrown', 'Trouble');
    });
    machine.start('i1', '{}');
    await eventually(() => seen.some(({ kind }) => kind === 'state-failed'));
    expect(machine.stop('i1', 'Interrupted', 'Ctrl-C')).toMatchObject({ status: 'ABORTED' });
    expect(await machine.ended('i1')).toMatchObject({ status: 'ABORTED', error: 'Interrupted', cause: 'Ctrl-C' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(calls).toBe(1);
  });

  test.each([
    [40_000, 'StateTooLarge'],
    [300_000, 'States.DataLimitExceeded'],
  ])('whose state grows to %d bytes fails as %s', async (bytes, error) => {
    const { machine } = machineOf(DIAGNOSE, () => answer('x'.repeat(bytes)));
    machine.start('i1', INPUT);
    expect(await machine.ended('i1')).toMatchObject({ status: 'FAILED', error });
  });

  test('tells of its end once, before anybody who waits hears of it', async () => {
    const order: string[] = [];
    const { machine } = machineOf(DIAGNOSE, () => answer(1), {
      onProgress: ({ kind }) => kind === 'execution-ended' && order.push('reported'),
      onEnded: async ({ status }) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push(status);
      },
    });
    machine.start('i1', INPUT);
    await Promise.all([machine.ended('i1'), machine.ended('i1')]);
    order.push('ended');
    expect(order).toEqual(['reported', 'SUCCEEDED', 'ended']);
  });
});
