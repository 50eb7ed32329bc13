import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  type DescribeAlarmsInput,
} from '@aws-sdk/client-cloudwatch';
import { GetFunctionCommand, InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { localClientConfig } from '../../../local/machine/client-config.ts';
import type { Refusal } from '../../../local/machine/progress.ts';
import { startAwsEndpoint } from '../../../local/stand-ins/aws-endpoint.ts';
import { createAlarms, type LocalAlarms } from '../../../local/stand-ins/cloudwatch-operations.ts';
import type { InvokeFunction } from '../../../local/stand-ins/lambda-operations.ts';
import { requestOf } from '../../../local/stand-ins/request-check.ts';
import { stepFunctionsOperations } from '../../../local/stand-ins/step-functions-operations.ts';
import { checkDefinition } from '../../../local/workflow/definition-check.ts';
import { createStateMachine, type LocalStateMachine } from '../../../local/workflow/state-machine.ts';
import { eventually, STRANGERS_KEYS } from '../workbench.ts';

const WAITS = checkDefinition({
  StartAt: 'Settle',
  States: { Settle: { Type: 'Wait', SecondsPath: '$.seconds', Next: 'Closed' }, Closed: { Type: 'Succeed' } },
});

const answers: InvokeFunction = (name, event) => {
  const error = { errorType: 'FenceLost', errorMessage: 'lost', trace: [] };
  const known: Record<string, Awaited<ReturnType<InvokeFunction>>> = {
    echo: { kind: 'answered', payload: `{"echo":${event}}` },
    throws: { kind: 'thrown', error },
    busy: { kind: 'throttled' },
  };
  return Promise.resolve(known[name] ?? null);
};

interface Bench {
  readonly url: string;
  readonly machine: LocalStateMachine;
  readonly alarms: LocalAlarms;
  readonly refused: Refusal[];
}

async function start(invoke: InvokeFunction = answers): Promise<Bench> {
  const refused: Refusal[] = [];
  const machine = createStateMachine({
    name: 'headroom-workflow',
    definition: WAITS,
    invoke: () => Promise.reject(new Error('no task here')),
    onProgress: () => undefined,
  });
  const alarms = createAlarms(['orders-high', 'orders-critical']);
  const endpoint = await startAwsEndpoint({
    invoke,
    functionNames: () => ['echo', 'busy'],
    stepFunctions: stepFunctionsOperations(machine),
    cloudWatch: alarms.operations,
    onProgress: (progress) => progress.kind === 'refused' && refused.push(progress),
  });
  onTestFinished(async () => {
    await machine.stopAll();
    await endpoint.stop();
  });
  return { url: endpoint.url, machine, alarms, refused };
}

test('it listens on 127.0.0.1 and on nothing else', async () => {
  const { url } = await start();
  expect(new URL(url).hostname).toBe('127.0.0.1');
});

describe('Lambda', () => {
  const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  test('Invoke answers the payload', async () => {
    const { url } = await start();
    const client = new LambdaClient(localClientConfig(url));
    for (const FunctionName of [
      'echo',
      'arn:aws:lambda:us-east-1:000000000000:function:echo',
      '000000000000:function:echo',
    ]) {
      const answer = await client.send(
        new InvokeCommand({ FunctionName, Qualifier: '$LATEST', Payload: encode({ a: 1 }) }),
      );
      expect(answer.StatusCode).toBe(200);
      expect(answer.FunctionError).toBeUndefined();
      expect(answer.Payload?.transformToString()).toBe('{"echo":{"a":1}}');
    }
  });

  test("a function's error is an answer that is marked as one", async () => {
    const { url } = await start();
    const answer = await new LambdaClient(localClientConfig(url)).send(new InvokeCommand({ FunctionName: 'throws' }));
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'FenceLost',
      errorMessage: 'lost',
    });
  });

  test('a throttled, an unknown and an unreadable invocation fail by the names the SDK knows', async () => {
    const { url } = await start();
    const client = new LambdaClient({ ...localClientConfig(url), maxAttempts: 1 });
    const invoke = (FunctionName: string, Payload?: Uint8Array) =>
      client.send(new InvokeCommand({ FunctionName, Payload }));
    await expect(invoke('busy')).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      $metadata: { httpStatusCode: 429 },
    });
    await expect(invoke('nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(invoke('echo', Buffer.from('{'))).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    await expect(invoke('echo', Buffer.alloc(6 * 1024 * 1024 + 1, '1'))).rejects.toMatchObject({
      name: 'RequestTooLargeException',
    });
  });

  test('an asynchronous invocation is accepted at once, and its failure is reported', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { url, refused } = await start(async (name, event) => {
      await gate;
      return answers(name, event);
    });
    const client = new LambdaClient(localClientConfig(url));
    const accepted = await client.send(new InvokeCommand({ FunctionName: 'throws', InvocationType: 'Event' }));
    expect(accepted.StatusCode).toBe(202);
    expect(refused).toEqual([]);
    release();
    await eventually(() => refused.length === 1);
    expect(refused[0]?.detail).toBe('throws: FenceLost: lost');
  });
});

describe('Step Functions', () => {
  const name = 'orders-20261121';
  const input = '{"seconds":1}';

  test('the same name and input while it runs is one execution', async () => {
    const { url, machine } = await start();
    const client = new SFNClient(localClientConfig(url));
    const first = await client.send(new StartExecutionCommand({ stateMachineArn: machine.arn, name, input }));
    const second = await client.send(new StartExecutionCommand({ stateMachineArn: machine.arn, name, input }));
    expect(second.executionArn).toBe(first.executionArn);
    expect(second.startDate).toEqual(first.startDate);
    expect(machine.executions()).toHaveLength(1);
  });

  test('another input, and any use after its end, are ExecutionAlreadyExists', async () => {
    const { url, machine } = await start();
    const client = new SFNClient(localClientConfig(url));
    const begin = (given: string) =>
      client.send(new StartExecutionCommand({ stateMachineArn: machine.arn, name, input: given }));
    await begin(input);
    await expect(begin('{"seconds":2}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await machine.ended(name);
    await expect(begin(input)).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  });

  test('an execution is described while it runs, after its end and after it was stopped', async () => {
    const { url, machine } = await start();
    const client = new SFNClient(localClientConfig(url));
    const begin = (called: string) =>
      client.send(new StartExecutionCommand({ stateMachineArn: machine.arn, name: called, input }));
    const { executionArn } = await begin('one');
    const describeIt = () => client.send(new DescribeExecutionCommand({ executionArn }));
    expect(await describeIt()).toMatchObject({ status: 'RUNNING', name: 'one', input, stateMachineArn: machine.arn });
    await machine.ended('one');
    expect(await describeIt()).toMatchObject({
      status: 'SUCCEEDED',
      output: input,
      stopDate: expect.any(Date) as Date,
    });

    const { executionArn: second } = await begin('two');
    machine.stop('two', 'Interrupted', 'Ctrl-C');
    expect(await client.send(new DescribeExecutionCommand({ executionArn: second }))).toMatchObject({
      status: 'ABORTED',
      error: 'Interrupted',
      cause: 'Ctrl-C',
    });
  });

  test('wrong names, inputs and machines fail by the names the SDK knows', async () => {
    const { url, machine } = await start();
    const client = new SFNClient(localClientConfig(url));
    const begin = (change: object) =>
      client.send(new StartExecutionCommand({ stateMachineArn: machine.arn, name, input, ...change }));
    for (const wrong of ['', 'x'.repeat(81), 'a b', 'a/b', 'a:b', 'a"b', 'a\nb', 'a*b']) {
      await expect(begin({ name: wrong })).rejects.toMatchObject({ name: 'InvalidName' });
    }
    await expect(begin({ input: '{' })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
    await expect(begin({ input: `"${'x'.repeat(262_144)}"` })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
    await expect(begin({ stateMachineArn: `${machine.arn}x` })).rejects.toMatchObject({
      name: 'StateMachineDoesNotExist',
    });
    const executionArn = machine.arn.replace('stateMachine', 'execution') + ':nobody';
    await expect(client.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject({
      name: 'ExecutionDoesNotExist',
    });
  });
});

describe('CloudWatch', () => {
  test('alarms are in the state that was set, with the time they went there', async () => {
    const { url, alarms } = await start();
    const client = new CloudWatchClient(localClientConfig(url));
    const at = Date.UTC(2026, 10, 21, 3, 4, 5, 678);
    alarms.set('orders-high', 'ALARM', at, 'Threshold Crossed');
    const { MetricAlarms } = await client.send(
      new DescribeAlarmsCommand({ AlarmNames: ['orders-high', 'orders-critical', 'nobody'], StateValue: 'ALARM' }),
    );
    expect(MetricAlarms).toMatchObject([
      {
        AlarmName: 'orders-high',
        StateValue: 'ALARM',
        StateReason: 'Threshold Crossed',
        StateUpdatedTimestamp: new Date(at),
      },
    ]);
    const all = await client.send(new DescribeAlarmsCommand({}));
    expect(all.MetricAlarms?.map(({ StateValue }) => StateValue)).toEqual(['ALARM', 'OK']);
  });

  test('lists come in pages', async () => {
    const { url } = await start();
    const client = new CloudWatchClient(localClientConfig(url));
    const ask = (NextToken?: string) => client.send(new DescribeAlarmsCommand({ MaxRecords: 1, NextToken }));
    const first = await ask();
    const rest = await ask(first.NextToken);
    expect([first, rest].map(({ MetricAlarms }) => MetricAlarms?.map(({ AlarmName }) => AlarmName))).toEqual([
      ['orders-high'],
      ['orders-critical'],
    ]);
    expect(rest.NextToken).toBeUndefined();
  });

  test('an alarm that no stack has cannot be set', async () => {
    const { alarms } = await start();
    expect(() => alarms.set('payments-high', 'ALARM', 0, '')).toThrow('there are orders-high, orders-critical');
  });
});

/** Names of the errors that calls end with. */
async function failuresOf(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((one) =>
    one.status === 'rejected' && one.reason instanceof Error ? one.reason.name : 'answered',
  );
}

describe('what nothing stands in for', () => {
  test('other operations and other services are refused and reported', async () => {
    const { url, refused } = await start();
    const config = localClientConfig(url);
    const calls = [
      new CloudWatchClient(config).send(
        new PutMetricAlarmCommand({ AlarmName: 'x', EvaluationPeriods: 1, ComparisonOperator: 'GreaterThanThreshold' }),
      ),
      new LambdaClient(config).send(new GetFunctionCommand({ FunctionName: 'echo' })),
      new SecretsManagerClient(config).send(new GetSecretValueCommand({ SecretId: 'x' })),
    ];
    expect(await failuresOf(calls)).toEqual(calls.map(() => 'UnknownOperationException'));
    expect(refused.map(({ operation }) => operation).sort()).toEqual([
      'GET /2015-03-31/functions/echo',
      'GraniteServiceVersion20100801.PutMetricAlarm',
      'secretsmanager.GetSecretValue',
    ]);
  });

  test('so are fields that a stand-in does not honour', async () => {
    const { url, machine, refused } = await start();
    const config = localClientConfig(url);
    const calls = [
      new CloudWatchClient(config).send(new DescribeAlarmsCommand({ ActionPrefix: 'orders' })),
      new SFNClient(config).send(new StartExecutionCommand({ stateMachineArn: machine.arn, traceHeader: 'x' })),
      new LambdaClient(config).send(new InvokeCommand({ FunctionName: 'echo', LogType: 'Tail' })),
    ];
    expect(await failuresOf(calls)).toEqual(calls.map(() => 'ValidationException'));
    expect(refused).toHaveLength(3);
  });

  test.each(STRANGERS_KEYS)(
    'whoever signs with another key than that of this run is refused: $accessKeyId',
    async (credentials) => {
      const { url, refused } = await start();
      const client = new SFNClient({ ...localClientConfig(url), credentials });
      await expect(client.send(new DescribeExecutionCommand({ executionArn: 'any' }))).rejects.toMatchObject({
        name: 'UnrecognizedClientException',
      });
      expect(refused).toHaveLength(1);
    },
  );
});

test('a request schema names only what the SDK sends', () => {
  const ask = requestOf<DescribeAlarmsInput>();
  // @ts-expect-error -- the SDK has no such field
  ask({ AlarmName: z.string().optional() });
  // @ts-expect-error -- the SDK has a list of names here
  ask({ AlarmNames: z.string().optional() });
  expect(ask({ AlarmNames: z.array(z.string()).optional() }).safeParse({ Alarmnames: [] }).success).toBe(false);
});

test('commands see which functions there are', async () => {
  const { url } = await start();
  const { Functions: functions } = await new LambdaClient(localClientConfig(url)).send(new ListFunctionsCommand({}));
  expect(functions?.map(({ FunctionName }) => FunctionName)).toEqual(['echo', 'busy']);
});
