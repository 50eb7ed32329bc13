import { LAMBDA_BYTES } from '../../functions/core/protocol/packing.ts';
import { keepCompiledCode, lendCompiledCode } from './compiled-code.ts';
import {
  startFunctionProcess,
  type FunctionProcess,
  type InvocationResult,
  type ProcessSettings,
} from './function-process.ts';

/** Stands for the account's own limit: more invocations at once than this are throttled. */
const MOST_AT_ONCE = 10;

/** A function with all of its processes: one for each invocation that runs at the same time, kept for the next. */
export interface LocalFunction {
  readonly name: string;
  /** `event` is JSON text. `throttled` when as many invocations run as are reserved. */
  invoke(event: string): Promise<InvocationResult | { readonly kind: 'throttled' }>;
  /**
   * Drops warm processes, so that the next invocation is a cold start. Invocations that run are left to finish.
   */
  recycle(): Promise<void>;
  /** Kills every process at once; invocations that run end as crashes. */
  kill(): Promise<void>;
}

export function createLocalFunction(settings: ProcessSettings): LocalFunction {
  const { spec, home } = settings;
  const most = spec.reservedConcurrency ?? MOST_AT_ONCE;
  const idle: FunctionProcess[] = [];
  const all = new Set<FunctionProcess>();
  const starting = new Set<Promise<FunctionProcess | InvocationResult>>();
  let busy = 0;
  let lent: Promise<void> | null = null;
  /** Grows with each recycle: processes of an earlier generation are not used again. */
  let generation = 0;

  const takeProcess = async (): Promise<FunctionProcess | InvocationResult> => {
    for (let warm = idle.pop(); warm !== undefined; warm = idle.pop()) {
      if (warm.isAlive()) return warm;
      all.delete(warm);
    }
    const start = (lent ??= lendCompiledCode(spec.assetFolder, home)).then(() => startFunctionProcess(settings));
    starting.add(start);
    const started = await start.finally(() => starting.delete(start));
    if (!('pid' in started)) return started;
    all.add(started);
    await keepCompiledCode(spec.assetFolder, home);
    return started;
  };

  const invokeOnce = async (event: string): Promise<InvocationResult> => {
    const bornIn = generation;
    const taken = await takeProcess();
    if ('kind' in taken) return taken;
    const result = await taken.invoke(event);
    if (!taken.isAlive()) all.delete(taken);
    else if (bornIn === generation) idle.push(taken);
    else await discard(taken);
    return limitSize(result, spec.name);
  };

  const discard = async (process: FunctionProcess): Promise<void> => {
    await process.kill();
    all.delete(process);
  };

  return {
    name: spec.name,
    async invoke(event) {
      if (busy >= most) return { kind: 'throttled' };
      busy += 1;
      try {
        return await invokeOnce(event);
      } finally {
        busy -= 1;
      }
    },
    async recycle() {
      generation += 1;
      await Promise.all(idle.splice(0).map(discard));
    },
    async kill() {
      generation += 1;
      idle.length = 0;
      await Promise.all(starting);
      await Promise.all([...all].map(discard));
    },
  };
}

function limitSize(result: InvocationResult, name: string): InvocationResult {
  if (result.kind !== 'answered' || Buffer.byteLength(result.payload) <= LAMBDA_BYTES) return result;
  return {
    kind: 'sandbox',
    error: {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `${name} answered ${Buffer.byteLength(result.payload)} bytes; Lambda passes on ${LAMBDA_BYTES} at most`,
      trace: [],
    },
  };
}
