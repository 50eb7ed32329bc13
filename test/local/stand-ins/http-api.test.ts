import { describe, expect, onTestFinished, test } from 'vitest';
import { startHttpApi } from '../../../local/stand-ins/http-api.ts';
import type { InvokeFunction } from '../../../local/stand-ins/lambda-operations.ts';

const answering =
  (answer: unknown, events: unknown[] = []): InvokeFunction =>
  (name, event) => {
    events.push([name, JSON.parse(event)]);
    return Promise.resolve({ kind: 'answered', payload: JSON.stringify(answer) });
  };
const FINE = { statusCode: 201, headers: { 'Content-Type': 'text/html', 'X-Own': 'yes' }, body: '<p>hi</p>' };

async function start(invoke: InvokeFunction): Promise<string> {
  const api = await startHttpApi('headroom-decide', invoke);
  onTestFinished(() => api.stop());
  return api.url;
}

describe('the stand-in for an HTTP API', () => {
  test('hands a request on as API Gateway does, and the answer back as it is', async () => {
    const events: unknown[] = [];
    const url = await start(answering(FINE, events));
    const response = await fetch(`${url}/?key=a%20b`, { headers: { 'X-Thing': 'x' } });
    expect(events).toMatchObject([
      [
        'headroom-decide',
        {
          version: '2.0',
          queryStringParameters: { key: 'a b' },
          headers: { 'x-thing': 'x' },
          requestContext: { http: { method: 'GET', sourceIp: '127.0.0.1' } },
          isBase64Encoded: false,
        },
      ],
    ]);
    expect([response.status, response.headers.get('x-own'), await response.text()]).toEqual([201, 'yes', '<p>hi</p>']);
  });

  test('hands the body of a form on in base64', async () => {
    const events: unknown[] = [];
    const url = await start(answering(FINE, events));
    await fetch(url, { method: 'POST', body: new URLSearchParams({ name: 'ann' }) });
    const body = Buffer.from('name=ann').toString('base64');
    expect(events).toMatchObject([['headroom-decide', { body, isBase64Encoded: true }]]);
  });

  test.each([
    ['another path', '/other', 'GET'],
    ['another method', '/', 'DELETE'],
  ])('has no route for %s', async (_, path, method) => {
    const events: unknown[] = [];
    const url = await start(answering(FINE, events));
    const response = await fetch(url + path, { method });
    expect([response.status, await response.json()]).toEqual([404, { message: 'Not Found' }]);
    expect(events).toEqual([]);
  });

  test.each<[string, InvokeFunction]>([
    ['fails', () => Promise.resolve({ kind: 'thrown', error: { errorType: 'x', errorMessage: 'secret', trace: [] } })],
    ['answers something else', answering({ hello: 1 })],
  ])('answers 500 and no more when the function %s', async (_, invoke) => {
    const response = await fetch(await start(invoke));
    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });
});
