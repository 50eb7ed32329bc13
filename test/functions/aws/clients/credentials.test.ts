import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readSecret, signIamToken } from '../../../../functions/aws/clients/credentials.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders';

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'not-a-key');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('an IAM token is signed for exactly this host, port and user, without a call', async () => {
  const login = { region: 'eu-central-1', host: 'db.example.com', port: 5433, user: 'headroom' };
  const token = await signIamToken(login);
  expect(token).toMatch(/^db\.example\.com:5433\/\?.*DBUser=headroom/);
  expect(token).toContain('X-Amz-Expires=900');
  expect(token).not.toContain('not-a-key');
});

/** A Secrets Manager that gives one answer. */
async function answerWith(status: number, body: unknown): Promise<Server> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${address.port}`);
  return server;
}

test('a secret yields its user and password', async () => {
  const value = JSON.stringify({ username: 'headroom', password: 'p', host: 'ignored', port: 1 });
  const server = await answerWith(200, { SecretString: value });
  expect(await readSecret('eu-central-1', ARN)).toEqual({ username: 'headroom', password: 'p' });
  server.close();
});

test.each([['{"username":"headroom","pass":"hunter2"}'], ['hunter2'], [undefined]])(
  'a secret that is something else is named, its value is not',
  async (SecretString) => {
    const server = await answerWith(200, { SecretString });
    const failure: unknown = await readSecret('eu-central-1', ARN).catch((error: unknown) => error);
    server.close();
    expect(String(failure)).toMatch(/secret:orders must be JSON/);
    expect(String(failure)).not.toContain('hunter2');
  },
);

test('a secret that cannot be read says why and what to check', async () => {
  const server = await answerWith(400, { __type: 'ResourceNotFoundException', message: 'x' });
  await expect(readSecret('eu-central-1', ARN)).rejects.toThrow(/ResourceNotFoundException.*check the worker's role/);
  server.close();
});
