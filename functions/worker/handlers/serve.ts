import { fitAnswer } from '../../core/protocol/fit-answer.ts';
import { unpack } from '../../core/protocol/packing.ts';
import { workerSettings } from '../../core/protocol/worker-settings.ts';
import { problemsIn } from '../../core/protocol/zod-words.ts';
import type { EngineName } from '../../core/server/snapshot.ts';
import { parseJson } from '../../core/words/parse-json.ts';
import type { EngineEntry } from '../../engines/entry.ts';
import { createWorker, type Worker } from '../worker.ts';

type Engines = Readonly<Partial<Record<EngineName, EngineEntry>>>;

/**
 * The handler of a worker whose bundle holds these engines; `folder` is the bundle's. The worker is kept between
 * invocations, and with it the session that still gets answers when the server lets no client in.
 */
export function serve(engines: Engines, folder: string): (payload: unknown) => Promise<unknown> {
  let worker: Promise<Worker> | null = null;
  return async (payload) => {
    worker ??= startWorker(engines, folder);
    return fitAnswer(await (await worker).answer(unpack(payload)));
  };
}

async function startWorker(engines: Engines, folder: string): Promise<Worker> {
  const text = process.env['HEADROOM_WORKER'];
  if (text === undefined)
    throw new Error('HEADROOM_WORKER: is not set; it must hold the settings of the worker as JSON');
  const parsed = parseJson(text);
  if (parsed === undefined) throw new Error('HEADROOM_WORKER: is not JSON');
  const settings = workerSettings.safeParse(parsed);
  if (!settings.success) throw new Error(`HEADROOM_WORKER: ${problemsIn(settings.error, 'settings').join('; ')}`);
  const engine = engines[settings.data.engine];
  if (engine === undefined)
    throw new Error(
      `HEADROOM_WORKER: engine: this function was deployed without the code for ${settings.data.engine}; it has ` +
        `${Object.keys(engines).join(' and ')}; deploy it again`,
    );
  return createWorker(settings.data, { env: process.env, folder }, engine);
}
