import type { Canary, Refusal, Sample } from '../core/server/snapshot.ts';
import { count } from '../core/words/count.ts';
import { Refused, type EngineSession, type WithoutCanary } from '../engines/shared/engine.ts';
import { timeLeft } from '../engines/shared/within.ts';
import type { Access, Patience } from './admission.ts';

const CANARY_MS = 3_000;

/** What only an ordinary login shows: whether it gets in, and connections that are still logging in. */
export async function readAsCanary(
  access: Access,
  session: EngineSession,
  sample: WithoutCanary<Sample>,
  { left, isRoutine }: { readonly left: () => number; readonly isRoutine: boolean },
): Promise<Pick<Sample, 'canary' | 'halfOpen'>> {
  const canary = await tryCanary(access, sample, { deadline: Date.now() + left(), isRoutine });
  return { canary, halfOpen: await countHalfOpen(sample, canary, () => session.sample(left())) };
}

/** The same where no other login may be tried. */
export function withoutCanary({ halfOpen }: WithoutCanary<Sample>): Pick<Sample, 'canary' | 'halfOpen'> {
  return { canary: { result: 'unknown' }, halfOpen: { count: halfOpen ?? 0, inferred: halfOpen === null } };
}

/** Whether an ordinary client gets in, tried once; in secret mode once more with a fresh password. */
export async function tryCanary(
  { engine, logins, backOff }: Pick<Access, 'engine' | 'logins' | 'backOff'>,
  { server, strangers }: Pick<Sample, 'server' | 'strangers'>,
  patience: Omit<Patience, 'patienceMs'>,
): Promise<Canary> {
  const deadline = Math.min(Date.now() + CANARY_MS, patience.deadline);
  const tryOnce = async (isFresh: boolean): Promise<Canary> => {
    const startedAt = Date.now();
    try {
      const login = await logins.canary(isFresh);
      if (login === null) return { result: 'unknown' };
      await backOff.attempt(patience.isRoutine, () =>
        engine.tryCanaryLogin(login, server.identity, timeLeft(deadline)),
      );
      if (strangers.canary > 0) return { result: 'refused', refusal: sharedBy(strangers.canary) };
      return { result: 'admitted', tookMs: Date.now() - startedAt };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { result: 'refused', refusal: error.refusal };
    }
  };
  const first = await tryOnce(false);
  const isOutdated = first.result === 'refused' && first.refusal.kind === 'authentication' && logins.canRefresh;
  return isOutdated ? tryOnce(true) : first;
}

/** An application may get in by a pool or a limit of its own. */
function sharedBy(sessions: number): Refusal {
  const others = `${count(sessions, 'session')} of ${sessions === 1 ? 'another client' : 'other clients'}`;
  const message = `this login is also used by ${others}, so it does not stand for ordinary clients alone`;
  return { kind: 'unfit-login', code: '', message };
}

/**
 * Where the server does not show connections that are still logging in, they are inferred: the canary was refused as
 * full while, before and after, sessions were fewer than usable slots.
 */
async function countHalfOpen(
  sample: WithoutCanary<Sample>,
  canary: Canary,
  sampleAgain: () => Promise<WithoutCanary<Sample>>,
): Promise<Sample['halfOpen']> {
  if (sample.halfOpen !== null) return { count: sample.halfOpen, inferred: false };
  const isFull = canary.result === 'refused' && canary.refusal.kind === 'full';
  const { usable } = sample.limits;
  if (!isFull || sample.used >= usable) return { count: 0, inferred: true };
  const { used } = await sampleAgain();
  return { count: Math.max(0, usable - Math.max(used, sample.used)), inferred: true };
}
