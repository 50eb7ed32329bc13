import { afterEach, describe, expect, it, vi } from 'vitest';
import { logged } from '../../../../functions/aws/process/log.ts';

afterEach(() => vi.restoreAllMocks());

function listen(method: 'info' | 'error'): () => unknown {
  const spy = vi.spyOn(console, method).mockImplementation(() => undefined);
  return () => JSON.parse(String(spy.mock.calls[0]?.[0])) as unknown;
}

const fail = () => Promise.reject(new RangeError('no answer in 3 s'));

async function failureOf(payload: unknown): Promise<unknown> {
  const line = listen('error');
  await expect(logged('act', fail)(payload)).rejects.toThrow('no answer in 3 s');
  return line();
}

describe('the line of a step that fails', () => {
  it('says which step, how it failed, and where', async () => {
    expect(await failureOf({})).toEqual({
      step: 'act',
      tookMs: expect.any(Number) as number,
      error: 'RangeError',
      message: 'no answer in 3 s',
      stack: expect.stringMatching(/^RangeError: no answer in 3 s\n {4}at .*log\.test\.ts/) as string,
    });
  });

  it('carries the incident, by which people search', async () => {
    const line = await failureOf({ schema: 1, incidentId: 'orders-20261121', round: 2, taskToken: 'secret' });
    expect(line).toMatchObject({ incidentId: 'orders-20261121' });
    expect(JSON.stringify(line)).not.toContain('secret');
  });

  it('carries the target of a call that is about no incident yet', async () => {
    expect(await failureOf({ schema: 1, target: { id: 'orders', policy: {} } })).toMatchObject({ targetId: 'orders' });
  });

  it('carries the execution of an event of Step Functions, whose name is the incident', async () => {
    const executionArn = 'arn:aws:states:eu-west-1:123456789012:execution:headroom-workflow:orders-20261121';
    const detail = { name: 'orders-20261121', executionArn, status: 'FAILED' };
    expect(await failureOf({ 'detail-type': 'Step Functions Execution Status Change', detail })).toMatchObject({
      incidentId: 'orders-20261121',
      execution: executionArn,
    });
  });

  it.each([[null], ['text'], [{ incidentId: 7, target: null, detail: {} }]])(
    'takes any payload: %o',
    async (payload) => {
      const line = await failureOf(payload);
      for (const field of ['incidentId', 'targetId', 'execution']) expect(line).not.toHaveProperty(field);
    },
  );
});

describe('the line of a step that is done', () => {
  it('carries the same, and of the result what is picked', async () => {
    const line = listen('info');
    const step = logged(
      'decide',
      () => Promise.resolve({ statusCode: 200, body: 'secret' }),
      ({ statusCode }) => ({ statusCode }),
    );
    await step({ incidentId: 'orders-20261121', target: { id: 'orders' } });
    expect(line()).toEqual({
      step: 'decide',
      incidentId: 'orders-20261121',
      targetId: 'orders',
      tookMs: expect.any(Number) as number,
      result: { statusCode: 200 },
    });
  });
});
