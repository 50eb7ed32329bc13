import { inWords } from '../words/in-words.ts';
import { named } from '../words/printable.ts';
import type { Spared } from './tiers/tier.ts';

const SAMPLES_PER_REASON = 3;

/** A few spared sessions for each reason, in words, for the record. `headroom plan --json` has the full list. */
export function describeSpared(spared: readonly Spared[]): Record<string, string[]> {
  const samples: Record<string, string[]> = {};
  for (const { session, reason } of spared) {
    const list = (samples[reason] ??= []);
    if (list.length >= SAMPLES_PER_REASON) continue;
    const who = `${named(session.user ?? '?', 40)}/${named(session.application, 40)}`;
    list.push(`${session.identity.id} ${who}, ${session.state} for ${inWords(session.stateMs)}`);
  }
  return samples;
}
