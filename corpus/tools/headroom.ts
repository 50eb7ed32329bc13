import { judge, openMemory, record, type Judged } from '../../bench/strangers/headroom.ts';
import { isPlanned } from '../../functions/core/plan/tier-plan.ts';
import type { Answer, Question } from '../format.ts';
import { serve } from './serve.ts';
import { toContext, toSnapshot } from './snapshot.ts';

/** Nothing to do in so many looks, and Headroom pages: the last snapshot stands for those that would follow. */
const MOST_LOOKS = 4;

/** One decision by the default policy: every look is judged, and the plan of the last one is the answer. */
function decide(question: Question): Answer {
  const [first, ...others] = question.snapshots.map((seen) => toSnapshot(question, seen));
  if (first === undefined) throw new Error('no snapshot');
  const memory = openMemory(first.at, toContext(question));
  let snapshot = first;
  let judged: Judged | null = null;
  for (const next of others) {
    record(memory, judge(snapshot, memory, snapshot.at), snapshot, snapshot.at);
    snapshot = next;
  }
  for (let look = 0; look < MOST_LOOKS; look++) {
    judged = judge(snapshot, memory, snapshot.at);
    record(memory, judged, snapshot, snapshot.at);
    if (judged.verdict.next !== 'settle' || judged.diagnosis.plan.soon !== null) break;
  }
  if (judged === null) throw new Error('nothing was judged');
  const { diagnosis, verdict } = judged;
  const victims = diagnosis.plan.tiers
    .filter((tier) => tier.mode === 'act' && isPlanned(tier) && isActing(verdict.next))
    .flatMap((tier) => tier.victims);
  const idsOf = (wanted: 'terminate' | 'cancel') =>
    victims.filter(({ method }) => method === wanted).map(({ session }) => session.identity.id);
  return {
    end: idsOf('terminate'),
    cancel: idsOf('cancel'),
    cause: diagnosis.cause.name,
    page: verdict.next === 'escalate' || verdict.next === 'ask',
  };
}

/** Whether the verdict is to end somebody now. */
function isActing(next: Judged['verdict']['next']): boolean {
  return !['close', 'confirm', 'watch', 'settle', 'ask', 'escalate', 'stay'].includes(next);
}

await serve(decide);
