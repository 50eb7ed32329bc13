import { rollDice, type Dice } from '../../../drill/loads/dice.ts';
import { storeAnswer, type StoredSample } from '../../../functions/core/sampler/stored-sample.ts';
import {
  MOST_CONSUMERS,
  sizeOf,
  type ConsumerCount,
  type Consumers,
} from '../../../functions/core/server/consumer-count.ts';
import { consumerOf, userOf } from '../../../functions/core/server/consumer.ts';
import { quarterOf, QUARTER_MS, type Quarter, type QuarterConsumer } from '../../../functions/core/usual/profile.ts';
import { aSnapshot } from '../../../test/support/a-session.ts';
import { HOUR, MINUTE, NOBODY, type Consumer, type Level } from './consumer.ts';
import { OPENED_BEFORE } from './look.ts';
import { TRIGGER_PERCENT, type Stranger } from './stranger.ts';
import type { Part } from './troubles.ts';

/** How many sessions of one name there are at a time; fractions are means. */
interface Count {
  readonly name: string;
  readonly user: string;
  idle: number;
  open: number;
  busy: number;
  arrivedPerMinute: number;
  /** How far a short while differs from the mean. */
  spread: number;
}

const ROLE_KIND = {
  leaked: 'idle',
  forgotten: 'open',
  runaway: 'busy',
  storm: 'busy',
  root: 'open',
  waiter: 'busy',
  excess: 'idle',
  work: 'busy',
  successor: 'idle',
  batch: 'busy',
} as const satisfies Record<Part['role'], 'idle' | 'open' | 'busy'>;

/** Everybody on the server at a time before the crossing, the trouble as far as it has come by then included. */
function countsAt(stranger: Stranger, at: number, levelOf = levelAt): Count[] {
  const byName = new Map<string, Count>();
  for (const consumer of stranger.consumers) {
    if (consumer.as !== 'client') continue;
    const { total, busy, open, opensPerMinute } = levelOf(consumer, at);
    if (total < 0.05) continue;
    const idle = Math.max(0, total - busy - open);
    const isElastic = consumer.habit.refill === 'needed';
    spreadOver(byName, consumer, at, {
      idle,
      open,
      busy,
      arrivedPerMinute: opensPerMinute,
      spread: isElastic ? 0.15 * total : 0,
    });
  }
  for (const { parts } of stranger.troubles) {
    for (const part of parts) {
      const there = part.atCrossing * Math.max(0, 1 - (stranger.crossedAt - at) / part.spanMs);
      if (there < 0.5) continue;
      const kinds = {
        idle: 0,
        open: 0,
        busy: 0,
        arrivedPerMinute: (part.atCrossing * MINUTE) / part.spanMs,
        spread: 0,
      };
      kinds[ROLE_KIND[part.role]] = there;
      spreadOver(byName, part.consumer, at, kinds);
    }
  }
  return [...byName.values()];
}

function levelAt(consumer: Consumer, at: number): Level {
  return consumer.usualAt(at);
}

/** A quarter of an hour has one a minute. */
const SAMPLES = 15;

/** The most of a quarter that its samples see, one a minute: a burst between two of them shows to nobody. */
function mostWithin(consumer: Consumer, at: number): Level {
  if (!consumer.comesInBursts) return consumer.usualAt(at + QUARTER_MS / 2);
  let most = consumer.usualAt(at);
  for (let minute = 1; minute < SAMPLES; minute++) {
    const level = consumer.usualAt(at + minute * MINUTE);
    if (level.total > most.total) most = level;
  }
  return most;
}

function betweenBursts(consumer: Consumer, at: number): Level {
  return consumer.comesInBursts ? NOBODY : mostWithin(consumer, at);
}

/** A consumer whose processes have names of their own appears by these names. */
function spreadOver(
  byName: Map<string, Count>,
  consumer: Consumer,
  at: number,
  kinds: Omit<Count, 'name' | 'user'>,
): void {
  for (const { name, user, share } of namesOf(consumer, at)) {
    let count = byName.get(name);
    if (count === undefined) {
      count = { name, user, idle: 0, open: 0, busy: 0, arrivedPerMinute: 0, spread: 0 };
      byName.set(name, count);
    }
    count.idle += share * kinds.idle;
    count.open += share * kinds.open;
    count.busy += share * kinds.busy;
    count.arrivedPerMinute += share * kinds.arrivedPerMinute;
    count.spread += share * kinds.spread;
  }
}

/** One of the names of a consumer, and how much of its sessions has it. */
interface Name {
  readonly name: string;
  readonly user: string;
  share: number;
}

/** By the first process, which is the same object as long as no deploy changes the names. */
const knownNames = new WeakMap<object, readonly Name[]>();

function namesOf(consumer: Consumer, at: number): readonly Name[] {
  const first = consumer.faces(0, at);
  const known = knownNames.get(first);
  if (known !== undefined) return known;
  const processes = new Set([first]);
  for (let process = 1; process < 80; process++) {
    const who = consumer.faces(process, at);
    if (processes.has(who)) break;
    processes.add(who);
  }
  const names = new Map<string, Name>();
  for (const who of processes) {
    const name = consumerOf(who);
    const share = (names.get(name)?.share ?? 0) + 1 / processes.size;
    names.set(name, { name, user: userOf(who), share });
  }
  const list = [...names.values()];
  knownNames.set(first, list);
  return list;
}

/** What is usual, by quarters of an hour, with some that are missing and some that were odd. */
export function makeProfile(stranger: Stranger, until: number): Quarter[] {
  const dice = rollDice(stranger.seed ^ 0x2c1b3c6d);
  const quarters: Quarter[] = [];
  const odd = { until: 0, factor: 1, name: '' };
  let gapUntil = 0;
  for (let at = quarterOf(stranger.knownSince) + QUARTER_MS; at + QUARTER_MS <= until; at += QUARTER_MS) {
    // An incident, a pause, an outage of the sampler: nothing is stored.
    if (dice.happens(0.001)) gapUntil = at + dice.between(0.5, 6) * HOUR;
    if (at < gapUntil) continue;
    // Nothing is learned from samples at the trigger: not of a burst that takes the server there, nor of a quarter at it.
    const isAtTrigger = (counts: readonly Count[]) => totalOf(counts) >= (TRIGGER_PERCENT * stranger.usable) / 100;
    const withBursts = countsAt(stranger, at, mostWithin);
    const isBurst = isAtTrigger(withBursts);
    const counts = isBurst ? countsAt(stranger, at, betweenBursts) : withBursts;
    const samples = isBurst ? samplesBetweenBursts(stranger, at) : SAMPLES;
    if (samples === 0 || isAtTrigger(counts)) continue;
    if (dice.happens(0.003)) {
      const [first, ...others] = counts;
      if (first !== undefined) {
        odd.name = dice.pick([first, ...others]).name;
        odd.until = at + dice.between(0.25, 3) * HOUR;
        odd.factor = dice.between(1.2, 4);
      }
    }
    const factorOf = (name: string) => (at < odd.until && name === odd.name ? odd.factor : 1);
    quarters.push({ ...quarterFrom(counts, at, dice, factorOf), samples, leftOut: SAMPLES - samples });
  }
  return quarters;
}

function totalOf(counts: readonly Count[]): number {
  return counts.reduce((sum, { idle, open, busy }) => sum + idle + open + busy, 0);
}

/** Samples of a quarter that see none of the bursts. */
function samplesBetweenBursts({ consumers }: Stranger, at: number): number {
  const bursts = consumers.filter(({ comesInBursts }) => comesInBursts);
  const minutes = Array.from({ length: SAMPLES }, (_, minute) => at + minute * MINUTE);
  return minutes.filter((time) => bursts.every(({ usualAt }) => usualAt(time).total === 0)).length;
}

type QuarterOfSamples = Omit<Quarter, 'samples'>;

function quarterFrom(
  counts: readonly Count[],
  at: number,
  dice: Dice,
  factorOf: (name: string) => number,
): QuarterOfSamples {
  const all = counts.map(({ name, user, idle, open, busy, spread }): QuarterConsumer => {
    const factor = factorOf(name);
    const mean = factor * (idle + open + busy);
    const middle = Math.max(0, Math.round(mean + dice.between(-1, 1) * spread));
    const most = Math.max(middle + Math.round(dice.between(0, 2) * spread), Number(isThere(mean, SAMPLES, dice)));
    // The most at work within a quarter is clearly above the mean.
    const used = Math.min(
      most,
      Math.ceil(factor * (busy + open) + 2 * Math.sqrt(busy + open) * dice.between(0.6, 1.2)),
    );
    return {
      name,
      user,
      most,
      middle,
      used,
      idle: Math.min(most, Math.round(factor * idle + Math.sqrt(busy))),
      open: Math.min(most, Math.ceil(factor * open + Math.sqrt(open) * dice.between(0, 1))),
      busy: Math.min(most, Math.ceil(factor * busy + 2 * Math.sqrt(busy) * dice.between(0.4, 1.2))),
    };
  });
  const sorted = all.filter(({ most }) => most > 0).sort((a, b) => b.most - a.most || (a.name < b.name ? -1 : 1));
  const rest = sorted.slice(MOST_CONSUMERS);
  return {
    at,
    consumers: sorted.slice(0, MOST_CONSUMERS),
    rest: { consumers: rest.length, most: rest[0]?.most ?? 0 },
  };
}

/** The samples of the last two hours before a time, one a minute. */
export function makeSamples(stranger: Stranger, until: number): StoredSample[] {
  const dice = rollDice(stranger.seed ^ 0x68bc21eb);
  const first = Math.max(stranger.knownSince, until - 2 * HOUR);
  const samples: StoredSample[] = [];
  const protectedOnes = stranger.consumers.filter(({ as }) => as !== 'client').length;
  let opened = OPENED_BEFORE;
  const blank = aSnapshot(stranger.usable, []);
  for (let at = until - MINUTE; at > first; at -= MINUTE) {
    const counts = countsAt(stranger, at);
    opened -= Math.round(counts.reduce((sum, { arrivedPerMinute }) => sum + arrivedPerMinute, 0));
    const consumers = consumersFrom(counts, stranger, dice);
    const used =
      consumers.largest.reduce((sum, each) => sum + sizeOf(each), 0) + consumers.rest.sessions + protectedOnes;
    const total = (kind: 'idle' | 'open' | 'busy') => consumers.largest.reduce((sum, each) => sum + each[kind], 0);
    const sample = {
      ...blank,
      at,
      server: { ...blank.server, engine: stranger.engine },
      limits: { maxConnections: stranger.maxConnections, reserves: [], usable: stranger.usable },
      used: Math.min(used, stranger.usable),
      byState: { active: total('busy'), idle: total('idle'), 'idle-in-transaction': total('open') },
      canary: { result: 'admitted', tookMs: 5 } as const,
      activity: { ...blank.activity, sessionsOpened: opened, loginsRefused: stranger.engine === 'mysql' ? 0 : null },
      consumers,
    };
    const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
    const stored = storeAnswer({ schema: 1, ok: true, admission, sample }, { at, tookMs: 20, inIncident: false });
    samples.push((stored.usage ?? 0) >= TRIGGER_PERCENT ? { ...stored, isUnusual: true } : stored);
  }
  return samples.reverse();
}

function consumersFrom(counts: readonly Count[], stranger: Stranger, dice: Dice): Consumers {
  const all = counts.map(({ name, user, idle, open, busy, arrivedPerMinute, spread }): ConsumerCount => {
    const mean = idle + open + busy;
    const total = Math.max(Math.round(mean + dice.between(-1, 1) * spread), Number(isThere(mean, 1, dice)), 0);
    const busyNow = Math.min(total, noisy(busy, dice));
    const openNow = Math.min(total - busyNow, noisy(open, dice));
    const arrived = Math.min(total, noisy(arrivedPerMinute, dice));
    return {
      name,
      user,
      idle: total - busyNow - openNow,
      open: openNow,
      busy: busyNow,
      arrived: stranger.engine === 'postgres' ? arrived : null,
    };
  });
  const sorted = all
    .filter((each) => sizeOf(each) > 0)
    .sort((a, b) => sizeOf(b) - sizeOf(a) || (a.name < b.name ? -1 : 1));
  const rest = sorted.slice(MOST_CONSUMERS);
  return {
    largest: sorted.slice(0, MOST_CONSUMERS),
    rest: { consumers: rest.length, sessions: rest.reduce((sum, each) => sum + sizeOf(each), 0) },
  };
}

/** Less than one session on average, and so one in some samples: a name of a short-lived process. */
function isThere(mean: number, samples: number, dice: Dice): boolean {
  return mean > 0 && mean < 0.5 && dice.happens(1 - (1 - mean) ** samples);
}

/** A count that comes and goes around its mean. */
function noisy(mean: number, dice: Dice): number {
  const spread = Math.sqrt(mean) * (dice.between(-1, 1) + dice.between(-1, 1));
  return Math.max(0, Math.floor(mean + spread + dice.between(0, 1)));
}
