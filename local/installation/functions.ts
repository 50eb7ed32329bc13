import { GetFunctionConfigurationCommand, LambdaClient, type FunctionConfiguration } from '@aws-sdk/client-lambda';
import { isDeepStrictEqual } from 'node:util';
import { count } from '../../functions/core/words/count.ts';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import type { Names } from '../../lib/house/names.ts';
import { findingOf, type InstallationFinding, type Problem } from './finding.ts';

/** Functions by name; null for one that there is not. */
export type Functions = ReadonlyMap<string, FunctionConfiguration | null>;

/** Throws what AWS answers when they may not be read. */
export async function readFunctions(region: string, names: readonly string[]): Promise<Functions> {
  const client = new LambdaClient({ region });
  try {
    const found = new Map<string, FunctionConfiguration | null>();
    for (const name of names) found.set(name, await readFunction(client, name));
    return found;
  } finally {
    client.destroy();
  }
}

async function readFunction(client: LambdaClient, FunctionName: string): Promise<FunctionConfiguration | null> {
  try {
    return await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
}

export function judgeFunctions(functions: Functions): InstallationFinding {
  const problems = [...functions].flatMap(([name, found]) => problemOf(name, found));
  return findingOf('functions', count(functions.size, 'function'), problems);
}

const DEPLOY = 'npx --no cdk deploy --all';

function problemOf(name: string, found: FunctionConfiguration | null): Problem[] {
  if (found === null) return [{ status: 'failed', detail: `${name} is not there`, fix: DEPLOY }];
  const { State: state = 'Active', StateReason: why = '', LastUpdateStatus: update = 'Successful' } = found;
  if (state === 'Failed' || update === 'Failed') {
    const reason = state === 'Failed' ? why : (found.LastUpdateStatusReason ?? '');
    return [{ status: 'failed', detail: `${name} cannot be called: ${reason}`, fix: DEPLOY }];
  }
  if (state === 'Active' && update === 'Successful') return [];
  const detail = `${name} is ${state}${update === 'InProgress' ? ', an update is in progress' : ''}`;
  return [
    { status: 'warning', detail, fix: 'wait a minute, and check again: a call wakes a function that is inactive' },
  ];
}

/** Whether the workers have the settings of this configuration: what they may end, and how they log in. */
export function judgeDeployed(
  config: HeadroomConfig,
  {
    targets,
    functions,
    names,
  }: { readonly targets: readonly Target[]; readonly functions: Functions; readonly names: Names },
): InstallationFinding {
  const problems = targets.flatMap((target): Problem[] => {
    const deployed = parseJson(
      functions.get(names.worker(target.id))?.Environment?.Variables?.['HEADROOM_WORKER'] ?? '',
    );
    if (deployed === undefined) return [];
    // As it is written: without what is undefined.
    const written = parseJson(JSON.stringify(toWorkerSettings(config, target)));
    if (isDeepStrictEqual(deployed, written)) return [];
    const detail = `the configuration of ${target.id} has changed since it was deployed`;
    return [{ status: 'warning', detail, fix: `npx --no cdk deploy ${names.targetStack(target.id)}` }];
  });
  return findingOf('deployed', `as of ${count(targets.length, 'worker')}`, problems);
}
