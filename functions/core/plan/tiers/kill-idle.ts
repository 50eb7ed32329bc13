import type { SparedReason } from '../../policy/spared.ts';
import { consumerOf, poolOf } from '../../server/consumer.ts';
import type { Session } from '../../server/session.ts';
import { count } from '../../words/count.ts';
import { countBy } from '../../words/count-by.ts';
import { inWords } from '../../words/in-words.ts';
import { agesOf } from './ages.ts';
import { byDescending, expecting, type Candidate, type Spared, type Tier, type TierInput } from './tier.ts';

/**
 * Terminates idle sessions, those of the largest consumer first and among them the longest idle. A session's rank is
 * the number of sessions that its consumer has left before it ends: the largest consumer shrinks first, and small pools
 * beside a leak keep their sessions. Idle time is time in the current state, never the age of the connection.
 */
export const killIdle: Tier = {
  name: 'kill-idle',
  state: 'KillIdle',
  does: 'ends idle sessions',
  consequence: 'a pool reconnects; an app without retry sees one connection error',
  losesWork: false,
  freesOwnSlot: true,
  asksFirst: false,
  setsLimit: false,
  budget: 'incident',
  propose: (input) => {
    const spared: Spared[] = [];
    const eligible: Session[] = [];
    for (const session of input.sessions) {
      if (session.state !== 'idle') continue;
      const reason = spareReason(session, input);
      if (reason) spared.push({ session, reason });
      else eligible.push(session);
    }
    eligible.sort(byDescending([(session) => session.stateMs ?? 0], (session) => session.identity.id));

    const left = { consumer: countBy(input.clients, consumerOf), pool: countBy(input.clients, poolOf) };
    const ranked: { level: number; session: Session }[] = [];
    for (const session of eligible) {
      const consumer = consumerOf(session);
      const pool = poolOf(session);
      const inPool = left.pool.get(pool) ?? 0;
      if (inPool <= input.policy.minimumPerPool) {
        spared.push({ session, reason: 'pool-minimum' });
        continue;
      }
      const level = left.consumer.get(consumer) ?? 0;
      ranked.push({ level, session });
      left.consumer.set(consumer, level - 1);
      left.pool.set(pool, inPool - 1);
    }
    // The sort is stable: within a level the longest idle stays first.
    ranked.sort((a, b) => b.level - a.level);
    return { candidates: ranked.map((item) => toCandidate(item.session, item.level, input)), spared };
  },
};

function spareReason(session: Session, { policy, suspects }: TierInput): SparedReason | null {
  const { idleMs } = agesOf(session, policy, suspects);
  if (session.stateMs === null) return 'age-unknown';
  if (session.stateMs < idleMs) return 'not-idle-long-enough';
  return null;
}

function toCandidate(session: Session, level: number, { policy, suspects }: TierInput): Candidate {
  return {
    session,
    method: 'terminate',
    expect: expecting('idle', { minStateMs: agesOf(session, policy, suspects).idleMs }),
    reason:
      `idle for ${inWords(session.stateMs)}` +
      (suspects.has(session) ? '' : `; its consumer holds ${count(level, 'session')}`),
    frees: 1,
  };
}
