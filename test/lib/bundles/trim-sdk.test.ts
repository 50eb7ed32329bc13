import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { trimSdk } from '../../../lib/bundles/trim-sdk.ts';

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

async function bundled(name: string, plugins: (typeof trimSdk)[]): Promise<{ bytes: number; thrown: unknown }> {
  const outfile = join(folder, `${name}.mjs`);
  const { metafile } = await build({
    stdin: { contents: PROGRAM, resolveDir: import.meta.dirname },
    outfile,
    plugins,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" },
    metafile: true,
  });
  const { thrown } = (await import(pathToFileURL(outfile).href)) as { thrown: () => Promise<unknown> };
  return { bytes: Object.values(metafile.outputs)[0]?.bytes ?? 0, thrown: await thrown() };
}

test('what nobody calls goes, and errors keep the name and the message of the answer', async () => {
  const whole = await bundled('whole', []);
  const trimmed = await bundled('trimmed', [trimSdk]);
  expect(whole.thrown).toEqual([
    { name: 'ConditionalCheckFailedException', message: 'it is taken', $fault: 'client' },
    { name: 'TooManyRequestsException', message: 'Rate Exceeded.', $fault: 'client' },
  ]);
  expect(trimmed.thrown).toEqual(whole.thrown);
  expect(whole.bytes - trimmed.bytes).toBeGreaterThan(60_000);
});
