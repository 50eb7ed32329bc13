import { named } from '../words/printable.ts';
import type { Departure, Departures } from './departure.ts';
import { inNumbers, type UsualBasis } from './usual.ts';

/** Most consumers that are named one by one. */
const MOST_NAMED = 4;
const NAME_LENGTH = 80;

const BASIS_WORDS: Readonly<Record<UsualBasis, string>> = {
  profile: 'by its profile',
  samples: 'by the samples before the climb',
  arrivals: 'less sure: by who came last, as there is no history yet',
  none: 'what is usual here is not known yet',
};

/** `analytics holds 58, usually 0 to 2; checkout holds 50, as usual`: the largest departures, and the largest others. */
export function describeDepartures({ consumers, usual }: Departures): string[] {
  const named = [...consumers]
    .sort((a, b) => b.excess - a.excess || b.now.all - a.now.all)
    .slice(0, MOST_NAMED)
    .map(describeConsumer);
  return named.length === 0
    ? []
    : [
        `${named.join('; ')} (${BASIS_WORDS[usual.basis]}${usual.isSeldomSeen ? ', which seldom sees this hour: less sure' : ''})`,
      ];
}

function describeConsumer({ name, now, usual, excess }: Departure): string {
  const holds = `${named(name, NAME_LENGTH)} holds ${now.all}`;
  if (usual === null) return excess > 0 ? `${holds}, and without it there is no relief` : holds;
  return excess > 0 ? `${holds}, usually ${inNumbers(usual)}` : `${holds}, as usual`;
}
