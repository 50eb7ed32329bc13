import { inWords } from '../../words/in-words.ts';
import { agesOf } from './ages.ts';
import { byDescending, expecting, type Candidate, type Spared, type Tier } from './tier.ts';

/**
 * Cancels queries over a maximum age: those that have written nothing first, then the longest. The worker waits until
 * the grace ends and terminates a session only if it is still the same one on the same query.
 */
export const cancelLong: Tier = {
  name: 'cancel-long',
  state: 'CancelLongQueries',
  does: 'cancels long queries',
  consequence: 'that query fails',
  losesWork: true,
  freesOwnSlot: false,
  asksFirst: false,
  setsLimit: false,
  budget: 'incident',
  propose: ({ sessions, locks, engine, policy, suspects }) => {
    const spared: Spared[] = [];
    const candidates: Candidate[] = [];
    for (const session of sessions) {
      if (session.state !== 'active') continue;
      const { queryMs } = agesOf(session, policy, suspects);
      if (session.queryMs === null || session.queryMark === null) {
        spared.push({ session, reason: 'age-unknown' });
      } else if (session.queryMs < queryMs) {
        spared.push({ session, reason: 'query-too-young' });
      } else {
        candidates.push({
          session,
          method: 'cancel',
          expect: expecting('active', { queryMark: session.queryMark }),
          reason: `its ${session.statement?.verb ?? 'query'} has run for ${inWords(session.queryMs)}`,
          // On MySQL and MariaDB its transaction stays open, with its locks.
          frees: 1 + (engine === 'postgres' ? (locks.behind.get(session.identity.id)?.length ?? 0) : 0),
        });
      }
    }
    candidates.sort(
      byDescending(
        [({ session }) => Number(!session.hasWritten), ({ session }) => session.queryMs ?? 0],
        ({ session }) => session.identity.id,
      ),
    );
    return { candidates, spared };
  },
};
