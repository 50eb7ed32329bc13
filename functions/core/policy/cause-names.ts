/** The causes that Headroom distinguishes. `cause/known-causes.ts` says what each is and what speaks for it. */
export type KnownCause =
  | 'consumer-limit'
  | 'connection-leak'
  | 'idle-in-transaction'
  | 'lock-contention'
  | 'long-queries'
  | 'half-open-connections'
  | 'job-holding-on'
  | 'connection-storm'
  | 'pool-oversubscription'
  | 'limit-too-low';
export type CauseName = KnownCause | 'unclear';
