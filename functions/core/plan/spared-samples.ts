import { inWords } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';
import type { Spared } from './tiers/tier.ts';

const SAMPLES_PER_REASON = 3;

/** A few sessions of each reason, as words for the record. The full list is `headroom plan --json`. */
export function describeSpared(spared: readonly Spared[]): Record<string, string[]> {
  const samples: Record<string, string[]> = {};
  for (const { session, reason } of spared) {
    const list = (samples[reason] ??= []);
    if (list.length >= SAMPLES_PER_REASON) continue;
    const who = `${printable(session.user ?? '?', 40)}/${printable(session.application, 40)}`;
    list.push(`${session.identity.id} ${who}, ${session.state} for ${inWords(session.stateMs)}`);
  }
  return samples;
}
