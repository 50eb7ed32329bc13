import type { Refusal } from '../core/server/snapshot.ts';
import { inWords } from '../core/words/in-words.ts';
import { Refused } from '../engines/shared/engine.ts';

/** The first pause; each further failure doubles it. */
const FIRST_MS = 60_000;
const LONGEST_MS = 3_600_000;

/**
 * Logins that spare the server. MySQL and MariaDB count failed TLS handshakes as connection errors, and refuse every
 * client of the same host after `max_connect_errors` (100) of them in a row, applications too. So what logs in by itself
 * again and again pauses after such a failure; what a person or an incident asks for is tried all the same.
 */
export interface BackOff {
  /** `isRoutine`: throws the last refusal, without trying, while it is too early to try again. */
  attempt<T>(isRoutine: boolean, logIn: () => Promise<T>): Promise<T>;
}

/** `now`: epoch milliseconds. */
export function createBackOff(now: () => number): BackOff {
  let failed: { readonly refusal: Refusal; readonly times: number; readonly until: number } | null = null;
  return {
    async attempt(isRoutine, logIn) {
      if (isRoutine && failed !== null && now() < failed.until) {
        const { refusal, until } = failed;
        throw new Refused({ ...refusal, message: `${refusal.message}; not tried again for ${inWords(until - now())}` });
      }
      try {
        const result = await logIn();
        failed = null;
        return result;
      } catch (error) {
        if (error instanceof Refused && error.refusal.kind === 'tls') {
          const times = (failed?.times ?? 0) + 1;
          const pauseMs = Math.min(FIRST_MS * 2 ** (times - 1), LONGEST_MS);
          failed = { refusal: error.refusal, times, until: now() + pauseMs };
        }
        throw error;
      }
    },
  };
}
