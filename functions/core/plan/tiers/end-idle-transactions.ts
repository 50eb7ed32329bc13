import { inWords } from '../../words/in-words.ts';
import { agesOf } from './ages.ts';
import { byDescending, expecting, type Candidate, type Spared, type Tier } from './tier.ts';

/**
 * Terminates sessions that are idle in a transaction: failed transactions first (nothing is lost), then those that
 * block others, then those that have written nothing, then the longest idle.
 */
export const endIdleTransactions: Tier = {
  name: 'end-idle-transactions',
  state: 'EndIdleTransactions',
  does: 'ends sessions idle in a transaction',
  consequence: 'their uncommitted work rolls back; their locks are released',
  losesWork: true,
  freesOwnSlot: true,
  asksFirst: false,
  setsLimit: false,
  budget: 'incident',
  propose: ({ sessions, locks, policy, suspects }) => {
    const spared: Spared[] = [];
    const candidates: Candidate[] = [];
    for (const session of sessions) {
      const state = session.state;
      if (state !== 'idle-in-transaction' && state !== 'idle-in-transaction-aborted') continue;
      const { inTransactionMs, abortedMs } = agesOf(session, policy, suspects);
      const minStateMs = state === 'idle-in-transaction' ? inTransactionMs : abortedMs;
      // A failed transaction has nothing left that could tell it from another one, and nothing to lose.
      const isKnown = session.transactionMark !== null || state === 'idle-in-transaction-aborted';
      if (session.stateMs === null || !isKnown) {
        spared.push({ session, reason: 'age-unknown' });
        continue;
      }
      if (session.stateMs < minStateMs) {
        spared.push({ session, reason: 'transaction-too-young' });
        continue;
      }
      candidates.push({
        session,
        method: 'terminate',
        expect: expecting(state, { minStateMs, transactionMark: session.transactionMark }),
        reason:
          `idle in ${state === 'idle-in-transaction' ? 'a' : 'a failed'} transaction ` +
          `for ${inWords(session.stateMs)}`,
        frees: 1 + (locks.behind.get(session.identity.id)?.length ?? 0),
      });
    }
    candidates.sort(
      byDescending(
        [
          ({ session }) => Number(session.state === 'idle-in-transaction-aborted'),
          ({ frees }) => frees,
          ({ session }) => Number(!session.hasWritten),
          ({ session }) => session.stateMs ?? 0,
        ],
        ({ session }) => session.identity.id,
      ),
    );
    return { candidates, spared };
  },
};
