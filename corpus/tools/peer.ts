import { PEERS, type Peer } from '../../bench/strangers/peers.ts';
import { usagePercent } from '../../functions/core/server/snapshot.ts';
import { lastSnapshot } from '../scorer/outcome.ts';
import type { Answer, Question } from '../format.ts';
import { toSnapshot } from './snapshot.ts';

/** The peer of that name over the last snapshot. It names no cause, pages nobody, and acts while usage is high. */
export function askPeer(name: Peer['name']): (question: Question) => Answer {
  const peer = PEERS.find((each) => each.name === name);
  if (peer === undefined) throw new Error(`no peer is called ${name}`);
  return (question) => {
    const snapshot = toSnapshot(question, lastSnapshot(question));
    const choices = usagePercent(snapshot) >= question.policy.triggerPercent ? peer.choose(snapshot) : [];
    const idsOf = (wanted: 'terminate' | 'cancel') =>
      choices.filter(({ method }) => method === wanted).map(({ id }) => id);
    return { end: idsOf('terminate'), cancel: idsOf('cancel') };
  };
}
