import type { Canary, Sample } from '../core/server/snapshot.ts';
import { Refused, type Engine, type WithoutCanary } from '../engines/shared/engine.ts';
import type { Logins } from './logins.ts';

const KNOCK_MS = 3_000;

/** Whether an ordinary client gets in, tried once; in secret mode once more with a fresh password. */
export async function knockAsCanary(engine: Engine, logins: Logins, budgetMs: number): Promise<Canary> {
  const deadline = Date.now() + Math.min(KNOCK_MS, budgetMs);
  const knock = async (isFresh: boolean): Promise<Canary> => {
    const startedAt = Date.now();
    try {
      const login = await logins.canary(isFresh);
      if (login === null) return { result: 'unknown' };
      await engine.tryCanaryLogin(login, Math.max(1, deadline - Date.now()));
      return { result: 'admitted', tookMs: Date.now() - startedAt };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { result: 'refused', refusal: error.refusal };
    }
  };
  const first = await knock(false);
  const isOutdated = first.result === 'refused' && first.refusal.kind === 'authentication' && logins.canRefresh;
  return isOutdated ? knock(true) : first;
}

/**
 * What the server does not show, told by an ordinary login. Connections that are still logging in are concluded: the
 * canary was refused as full while, before and after, sessions were fewer than usable slots.
 */
export async function countHalfOpen(
  seen: WithoutCanary<Sample>,
  canary: Canary,
  lookAgain: () => Promise<WithoutCanary<Sample>>,
): Promise<Sample['halfOpen']> {
  if (seen.halfOpen !== null) return { count: seen.halfOpen, inferred: false };
  const isFull = canary.result === 'refused' && canary.refusal.kind === 'full';
  const { usable } = seen.limits;
  if (!isFull || seen.used >= usable) return { count: 0, inferred: true };
  const { used } = await lookAgain();
  return { count: Math.max(0, usable - Math.max(used, seen.used)), inferred: true };
}
