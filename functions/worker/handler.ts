import { fitAnswer } from '../core/protocol/fit-answer.ts';
import { unpack } from '../core/protocol/packing.ts';
import { workerSettings } from '../core/protocol/worker-settings.ts';
import { problemsIn } from '../core/protocol/zod-words.ts';
import { parseJson } from '../core/words/parse-json.ts';
import { createWorker, type Worker } from './worker.ts';

/** Kept between invocations, and with it the session that still gets answers when the server lets no client in. */
let worker: Promise<Worker> | null = null;

export const handler = async (payload: unknown): Promise<unknown> => {
  worker ??= startWorker();
  return fitAnswer(await (await worker).answer(unpack(payload)));
};

async function startWorker(): Promise<Worker> {
  const text = process.env['HEADROOM_WORKER'];
  if (text === undefined)
    throw new Error('HEADROOM_WORKER: is not set; it must hold the settings of the worker as JSON');
  const parsed = parseJson(text);
  if (parsed === undefined) throw new Error('HEADROOM_WORKER: is not JSON');
  const settings = workerSettings.safeParse(parsed);
  if (!settings.success) throw new Error(`HEADROOM_WORKER: ${problemsIn(settings.error, 'settings').join('; ')}`);
  return createWorker(settings.data, { env: process.env, folder: import.meta.dirname });
}
