import { DUMMY_CREDENTIALS, REGION } from './place.ts';

/** Settings of an SDK client of the local runtime itself. Each is given, so that none comes from the machine's own. */
export function localClientConfig(endpoint: string) {
  return {
    endpoint,
    region: REGION,
    credentials: DUMMY_CREDENTIALS,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    retryMode: 'standard',
    maxAttempts: 2,
    defaultsMode: 'standard',
  } as const;
}
