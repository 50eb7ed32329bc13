import { REGION } from './place.ts';
import { RUN_KEY, type RunKey } from './run-key.ts';

/**
 * Settings of an SDK client of the local runtime itself. Each is given, so that none comes from the machine's own.
 * `key`: of another process's run.
 */
export function localClientConfig(endpoint: string, key: RunKey = RUN_KEY) {
  return {
    endpoint,
    region: REGION,
    credentials: key,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    retryMode: 'standard',
    maxAttempts: 2,
    defaultsMode: 'standard',
  } as const;
}
