import { build } from 'esbuild';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { trimSdk } from '../../packaging/bundling/trim-sdk.ts';

const folder = mkdtempSync(join(tmpdir(), 'headroom-trim-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that calls Lambda and DynamoDB, whose answers are given, and says what its calls threw. */
const PROGRAM = `
  import { Readable } from 'node:stream';
  import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
  import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

  const options = (headers, answer) => ({
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: {
      handle: async () => ({ response: { statusCode: 400, headers, body: Readable.from([Buffer.from(JSON.stringify(answer))]) } }),
    },
  });
  const thrownBy = (call) => call.then(() => null, ({ name, message, $fault }) => ({ name, message, $fault }));
  const refused = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'it is taken' };
  const busy = { Type: 'User', message: 'Rate Exceeded.' };
  export const thrown = async () => [
    await thrownBy(new DynamoDBClient(options({}, refused)).send(new PutItemCommand({ TableName: 't', Item: { pk: { S: 'a' } } }))),
    await thrownBy(new LambdaClient(options({ 'x-amzn-errortype': 'TooManyRequestsException' }, busy)).send(new InvokeCommand({ FunctionName: 'f' }))),
  ];`;

test('errors keep the name and the message of the answer, which is all that we look at', async () => {
  const outfile = join(folder, 'index.mjs');
  await build({
    stdin: { contents: PROGRAM, resolveDir: import.meta.dirname },
    outfile,
    plugins: [trimSdk],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" },
  });
  const { thrown } = (await import(pathToFileURL(outfile).href)) as { thrown: () => Promise<unknown> };
  // As the SDK throws them when nothing is left out.
  expect(await thrown()).toEqual([
    { name: 'ConditionalCheckFailedException', message: 'it is taken', $fault: 'client' },
    { name: 'TooManyRequestsException', message: 'Rate Exceeded.', $fault: 'client' },
  ]);
  // An error and an operation that nobody asked for. A comparison of the whole text would print all of it.
  const text = readFileSync(outfile, 'utf8');
  expect(['AliasLimitExceededException', 'ListFunctionsRequest'].filter((name) => text.includes(name))).toEqual([]);
});
