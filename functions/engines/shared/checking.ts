import type { CheckFacts, Right, Trial } from '../../core/protocol/check-facts.ts';
import type { ServerConnection } from './connection.ts';

/** How long the canary may take to log in once more. */
export const CANARY_LOGIN_MS = 3_000;

/** What each login needs: the worker's session, and a second one while the first is dying. */
export const SESSIONS_NEEDED = 2;

/** A session of the canary to try rights on; null when it is not let in now. */
export async function openIfAdmitted<C extends ServerConnection>(opening: Promise<C>): Promise<C | null> {
  try {
    return await opening;
  } catch {
    return null;
  }
}

/** Asks for a row with the server's clock, and compares that clock with ours. */
export async function compareClocks<T extends { readonly clock_ms: number }>(
  ask: () => Promise<T>,
): Promise<readonly [T, CheckFacts['clock']]> {
  const askedAt = Date.now();
  const row = await ask();
  const answeredAt = Date.now();
  const skewMs = Math.round(row.clock_ms - (askedAt + answeredAt) / 2);
  return [row, { skewMs, withinMs: Math.ceil((answeredAt - askedAt) / 2) }];
}

export function worked(right: Right, detail: string): Trial {
  return { right, result: 'worked', detail, fix: [] };
}

export function denied(right: Right, detail: string, fix: readonly string[]): Trial {
  return { right, result: 'denied', detail, fix };
}

/** Without a session to try a right on, the server's catalogue says what would happen. `what`: a role, or a grant. */
export function judgeUntried(right: Right, what: string, has: boolean, fix: readonly string[]): Trial {
  if (!has) return denied(right, `it lacks ${what}`, fix);
  return { right, result: 'granted', detail: `it has ${what}; not tried: there was no session to try it on`, fix: [] };
}
