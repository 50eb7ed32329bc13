import { rollDice } from '../../../drill/loads/dice.ts';
import type { EngineName } from '../../../functions/core/server/snapshot.ts';
import { DAY, HOUR, logBetween, MINUTE, SECOND, type Consumer } from './consumer.ts';
import { everydayConsumers, type Mill } from './healthy.ts';
import { openNameBook } from './names.ts';
import { makeTrouble, pickTrouble, type Trouble } from './troubles.ts';

/** A server that nobody has tuned anything to, and what goes wrong on it. Times are epoch milliseconds. */
export interface Stranger {
  readonly seed: number;
  readonly engine: EngineName;
  readonly maxConnections: number;
  readonly reserved: number;
  readonly usable: number;
  /** Everybody, those of the trouble included. */
  readonly consumers: readonly Consumer[];
  readonly troubles: readonly Trouble[];
  /** When usage crosses the trigger, and when the alarm comes. */
  readonly crossedAt: number;
  readonly alarmAt: number;
  /** Since when samples are taken. */
  readonly knownSince: number;
  /** Since when a worker sees sessions arrive, which dates them on MySQL and MariaDB. */
  readonly watchedSince: number;
}

/** The default policy's. */
export const TRIGGER_PERCENT = 85;
export const RELIEF_PERCENT = 70;

/** Any Monday: the week of the crossing is random. */
const EPOCH = Date.UTC(2026, 0, 5);

/** The same seed makes the same stranger. */
export function makeStranger(seed: number): Stranger {
  const dice = rollDice(mix(seed));
  const engine = dice.pick(['postgres', 'postgres', 'postgres', 'mysql', 'mysql', 'mariadb'] as const);
  const maxConnections = Math.round(dice.happens(0.9) ? logBetween(dice, 80, 500) : logBetween(dice, 50, 5_000));
  const reserved = engine === 'postgres' ? dice.pick([3, 3, 5, 6] as const) : 0;
  const usable = maxConnections - reserved;
  const crossedAt = EPOCH + Math.round(dice.between(0, 60 * DAY));
  const mill: Mill = { book: openNameBook(dice), dice, now: crossedAt };

  // Mostly far from full; some servers have little to spare on an ordinary day.
  const usualShare = dice.happens(0.85) ? dice.between(0.12, 0.62) : dice.between(0.62, 0.78);
  const everyday = everydayConsumers(mill, Math.round(usualShare * usable), usable);
  const present = everyday.reduce((sum, { usualAt }) => sum + Math.round(usualAt(crossedAt).total), 0);
  const missing = Math.ceil((TRIGGER_PERCENT * usable) / 100) - present;

  const first = pickTrouble(dice);
  const isDouble = dice.happens(0.1) && !first.startsWith('none');
  const second = isDouble ? pickTrouble(dice) : null;
  const share = second === null ? 1 : dice.between(0.3, 0.7);
  const troubles = [makeTrouble(first, mill, everyday, Math.round(share * missing))];
  if (second !== null && second !== first)
    troubles.push(makeTrouble(second, mill, everyday, missing - Math.round(share * missing)));
  const consumers = [...new Set([...everyday, ...troubles.flatMap(({ parts }) => parts.map((part) => part.consumer))])];
  return {
    seed,
    engine,
    maxConnections,
    reserved,
    usable,
    consumers,
    troubles,
    crossedAt,
    alarmAt: crossedAt + Math.round(dice.between(2, 60)) * SECOND,
    knownSince: crossedAt - Math.round(dice.happens(0.5) ? 14 * DAY : dice.between(1, 14) * DAY),
    watchedSince: crossedAt - Math.round(dice.happens(0.5) ? 0 : dice.between(0, 30) * HOUR + MINUTE),
  };
}

/** Seeds in a row give unrelated strangers. */
function mix(seed: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
