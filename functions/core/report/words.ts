import { TIERS } from '../plan/tiers/index.ts';
import { SPARED, type SparedReason } from '../policy/spared.ts';
import { BY_HAND } from '../policy/tier-names.ts';
import type { EndingResult } from '../protocol/worker.ts';
import type { VictimRecord } from '../record/act.ts';
import { printable } from '../words/printable.ts';

/** What a tier does, in words: `ends idle sessions (kill-idle)`. */
export function tierWords(tier: string): string {
  if (tier === BY_HAND) return 'ended by hand, as a person asked';
  const known = TIERS.find(({ name }) => name === tier);
  return known === undefined ? printable(tier, 40) : `${known.does} (${known.name})`;
}

export function sparedWords(reason: string): string {
  return Object.hasOwn(SPARED, reason) ? SPARED[reason as SparedReason] : printable(reason);
}

const RESULTS: Readonly<Record<EndingResult, string>> = {
  ended: 'ended',
  cancelled: 'query cancelled, session kept',
  'rolling-back': 'ended, its work is still being undone',
  gone: 'had gone by itself',
  changed: 'left alone: it had changed meanwhile',
  refused: 'the server refused',
  'still-there': 'signalled, but still there',
  'not-tried': 'not tried',
};

export function resultWords(result: VictimRecord['result']): string {
  return result === null ? 'not known: no answer came' : RESULTS[result];
}

/** What Headroom did after a look. */
const NEXT: Readonly<Record<string, string>> = {
  ask: 'asked a person',
  settle: 'waited a moment and looked again',
  watch: 'watched whether relief holds',
  stay: 'kept watching, after a person had been notified',
  close: 'closed the incident',
  escalate: 'paged a person',
};

export function nextWords(next: string): string {
  return Object.hasOwn(NEXT, next) ? (NEXT[next] ?? '') : tierWords(next);
}

/** What the words of a report mean, for whoever reads the first one. */
export const MEANINGS: readonly (readonly [word: string, meaning: string])[] = [
  ['slot', 'one connection that the server can hold; usable slots are those that ordinary clients can get'],
  ['session', 'one connection to the server, as the server sees it'],
  ['consumer', 'a user and its application, written user/application; # stands for what differs between processes'],
  ['usual', 'how many sessions a consumer normally holds at this hour'],
  ['spared', 'left alone, for the reason that is given'],
  ['relief', 'enough free slots, and an ordinary client gets in, several times in a row'],
  ['look', 'one time that Headroom read all sessions of the server and decided what to do'],
];
