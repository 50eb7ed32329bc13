import { existsSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ChildMessage, ChildSettings, FunctionError, InvokeMessage } from './child-protocol.ts';
import { guardLoopback } from './loopback-guard.ts';

// The inside of a function process: loads a bundle as Lambda does, then answers one invocation after another.

type Handler = (event: unknown, context: object) => unknown;

function send(message: ChildMessage): void {
  process.send?.(message);
}

function describeError(thrown: unknown): FunctionError {
  if (thrown instanceof Error) {
    return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
  }
  return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

async function loadHandler({ assetFolder, handler }: ChildSettings): Promise<Handler> {
  const [file = '', name = ''] = handler.split('.');
  const path = ['.js', '.mjs', '.cjs'].map((end) => join(assetFolder, file + end)).find((found) => existsSync(found));
  if (path === undefined) throw new Error(`no ${file}.js, .mjs or .cjs in ${assetFolder} for handler "${handler}"`);
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const found = module[name];
  if (typeof found !== 'function') throw new Error(`${path} exports no function "${name}"`);
  return found as Handler;
}

async function answer(handler: Handler, { requestId, event, deadline }: InvokeMessage): Promise<void> {
  const context = {
    awsRequestId: requestId,
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    const result = await handler(JSON.parse(event), context);
    send({ kind: 'answered', requestId, payload: JSON.stringify(result ?? null) });
  } catch (thrown) {
    send({ kind: 'threw', requestId, error: describeError(thrown) });
  }
}

// Written by the parent; see `ChildSettings`.
const settings = JSON.parse(process.argv[2] ?? '{}') as ChildSettings;
guardLoopback(settings.reachable, (what) => {
  console.error(`refused ${what}`);
  send({ kind: 'refused', detail: what });
});
process.once('disconnect', () => process.exit(1));
try {
  const handler = await loadHandler(settings);
  flushCompileCache();
  process.on('message', (message: InvokeMessage) => void answer(handler, message));
  send({ kind: 'ready' });
} catch (thrown) {
  send({ kind: 'init-failed', error: describeError(thrown) });
}
