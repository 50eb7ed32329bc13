import fc from 'fast-check';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { countConsumers, type Consumers, type CountedSessions } from '../../functions/core/server/consumer-count.ts';
import type { Quarter, QuarterConsumer } from '../../functions/core/usual/profile.ts';
import { seenAt } from './a-sample.ts';

/** Consumers of these users, with so many idle, open and busy sessions each. */
export function consumersOf(
  counts: Readonly<Record<string, readonly [idle: number, open: number, busy: number]>>,
): Consumers {
  const rows = Object.entries(counts).flatMap(([user, [idle, open, busy]]): CountedSessions[] => {
    const one = { user, application: '', client: null, arrived: null };
    return [
      { ...one, state: 'idle', sessions: idle },
      { ...one, state: 'idle-in-transaction', sessions: open },
      { ...one, state: 'active', sessions: busy },
    ];
  });
  return countConsumers(rows);
}

/** A sample of a server with these consumers. */
export function sampleWith(at: number, consumers: Consumers, changed: Partial<StoredSample> = {}): StoredSample {
  return seenAt(at, 20, { consumers, ...changed });
}

export function aConsumer(name: string, changed: Partial<QuarterConsumer> = {}): QuarterConsumer {
  return { name, user: 'app', idle: 1, open: 0, busy: 1, most: 2, middle: 2, used: 1, ...changed };
}

export function aQuarter(at: number, consumers: readonly QuarterConsumer[], changed: Partial<Quarter> = {}): Quarter {
  return { at, samples: 15, consumers, rest: { consumers: 0, most: 0 }, ...changed };
}

const size = fc.integer({ min: 0, max: 40 });

/** Samples of two hours from `from` on, at times of their own: of few or many consumers, some in incidents or pauses. */
export function samplesFrom(from: number): fc.Arbitrary<StoredSample[]> {
  const users = fc.constantFrom(...Array.from({ length: 30 }, (_, index) => `user${String.fromCharCode(97 + index)}`));
  const consumers = fc.dictionary(users, fc.tuple(size, size, size), { maxKeys: 30 }).map(consumersOf);
  const one = fc
    .tuple(
      fc.integer({ min: 0, max: 7_199_999 }),
      consumers,
      fc.constantFrom({}, {}, { inIncident: true }, { isUnusual: true }, { isFull: true }),
    )
    .map(([after, found, changed]) => sampleWith(from + after, found, changed));
  return fc.uniqueArray(one, { selector: ({ at }) => at, maxLength: 40 });
}
