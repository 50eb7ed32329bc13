/** The causes that an answer may name. README.md says what each is. */
export const CAUSES = [
  'consumer-limit',
  'connection-leak',
  'idle-in-transaction',
  'lock-contention',
  'long-queries',
  'half-open-connections',
  'job-holding-on',
  'connection-storm',
  'pool-oversubscription',
  'limit-too-low',
  'unclear',
] as const;
