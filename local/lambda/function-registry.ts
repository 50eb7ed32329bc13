import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Keeper } from '../machine/keeper.ts';
import type { OnProgress } from '../machine/progress.ts';
import { buildFunctionEnvironment, type Endpoints } from './function-environment.ts';
import type { InvocationResult } from './function-process.ts';
import type { FunctionSpec } from './function-spec.ts';
import { createLocalFunction, type LocalFunction } from './local-function.ts';

/** What one function is given beyond what every function has; by default nothing. */
export interface FunctionAccess {
  readonly environment: Readonly<Record<string, string>>;
  /** `host:port` each. */
  readonly reachable: readonly string[];
}

const NOTHING: FunctionAccess = { environment: {}, reachable: [] };

export interface FunctionRegistry {
  readonly names: readonly string[];
  /** Throws for a name that no stack has. */
  get(name: string): LocalFunction;
  /** Null for a name that no stack has. `event` is JSON text. */
  invoke(name: string, event: string): Promise<InvocationResult | { readonly kind: 'throttled' } | null>;
  /** Ends every process; nothing can be invoked any more. */
  stop(): Promise<void>;
}

interface RegistrySettings {
  readonly specs: readonly FunctionSpec[];
  readonly endpoints: Endpoints;
  /** By function name. */
  readonly access: ReadonlyMap<string, FunctionAccess>;
  /** Each function gets a folder of its own in here, the only one it can write to. */
  readonly folder: string;
  readonly keeper: Keeper;
  readonly onProgress: OnProgress;
}

export async function createFunctionRegistry(settings: RegistrySettings): Promise<FunctionRegistry> {
  const { specs, endpoints, access, folder, keeper, onProgress } = settings;
  const functions = new Map<string, LocalFunction>();
  for (const spec of specs) {
    const home = join(folder, spec.name);
    await mkdir(home);
    const { environment: given, reachable } = access.get(spec.name) ?? NOTHING;
    const environment = buildFunctionEnvironment(spec, endpoints, home, given);
    functions.set(spec.name, createLocalFunction({ spec, environment, reachable, home, keeper, onProgress }));
  }
  let isStopped = false;
  return {
    names: [...functions.keys()],
    get(name) {
      const found = functions.get(name);
      if (found === undefined)
        throw new Error(`no function is named "${name}"; there are ${[...functions.keys()].join(', ')}`);
      return found;
    },
    async invoke(name, event) {
      if (isStopped) throw new Error(`the local runtime has stopped; ${name} cannot be invoked any more`);
      return functions.get(name)?.invoke(event) ?? null;
    },
    async stop() {
      isStopped = true;
      await Promise.all([...functions.values()].map((one) => one.kill()));
    },
  };
}
