/** The causes that Headroom tells apart. What each is, and what speaks for it, stands in `cause/known-causes.ts`. */
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
