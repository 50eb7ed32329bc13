import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { namesOf } from '../../lib/house/names.ts';
import { installedClientConfig } from './client-config.ts';

/**
 * Targets whose worker is deployed and which the configuration no longer has: nobody acts upon them, and their stacks
 * are left. Throws what AWS answers when the functions may not be listed.
 */
export async function findLeftovers({ installation, targets }: HeadroomConfig): Promise<string[]> {
  const ofWorkers = namesOf(installation.prefix).worker('');
  const client = new LambdaClient(installedClientConfig(installation));
  try {
    const found: string[] = [];
    for await (const { Functions: functions = [] } of paginateListFunctions({ client }, {})) {
      for (const { FunctionName: name = '' } of functions) {
        if (name.startsWith(ofWorkers)) found.push(name.slice(ofWorkers.length));
      }
    }
    return found.filter((id) => !targets.some((target) => target.id === id)).sort();
  } finally {
    client.destroy();
  }
}
