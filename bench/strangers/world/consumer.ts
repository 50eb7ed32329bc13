import type { Dice } from '../../../drill/loads/dice.ts';
import type { Faces } from './names.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** How many sessions a consumer has at a time, and what they do. Fractions are means. */
export interface Level {
  readonly total: number;
  readonly busy: number;
  /** Idle in a transaction. */
  readonly open: number;
  readonly opensPerMinute: number;
}

/** How a consumer treats its sessions. */
export interface Habit {
  /** LIFO keeps a few sessions warm and leaves the others cold; FIFO uses all of them in turn. */
  readonly order: 'lifo' | 'fifo';
  /** Mean time of a query. */
  readonly queryMs: number;
  /** `all`: lost sessions are opened again at once, up to the pool's size. `needed`: only when there is work. */
  readonly refill: 'all' | 'needed';
  /** A pool replaces older connections; null: never. */
  readonly lifetimeMs: number | null;
  /** Sessions live for about this long and go; null: they are kept. */
  readonly shortLivedMs: number | null;
  /** Its transactions take about this long. */
  readonly transactionMs: number;
  readonly writes: number;
  readonly statement: { readonly verb: string; readonly text: string };
}

/** One of those that use the server. */
export interface Consumer {
  readonly name: string;
  /** What kind of healthy consumer it is, or that it is new. */
  readonly kind: string;
  readonly faces: Faces;
  readonly habit: Habit;
  /** What it holds without any trouble, at any time of the simulated history. */
  readonly usualAt: (at: number) => Level;
  /** It is there for moments only. */
  readonly comesInBursts?: boolean;
  /** How long ago its processes started: no pooled session is older. */
  readonly upMs: number;
  /** Its sessions must never be ended. */
  readonly isProtected: boolean;
  /** Protected for what it is. */
  readonly as: 'client' | 'replication' | 'superuser';
}

export const ORDINARY: Habit = {
  order: 'fifo',
  queryMs: 20,
  refill: 'all',
  lifetimeMs: null,
  shortLivedMs: null,
  transactionMs: 50,
  writes: 0.4,
  statement: { verb: 'SELECT', text: 'SELECT * FROM items WHERE id = ?' },
};

export const NOBODY: Level = { total: 0, busy: 0, open: 0, opensPerMinute: 0 };

/** Day and week of a consumer: about 1 on average over its waking hours, never under 0. */
export interface Rhythm {
  readonly peakHour: number;
  readonly daily: number;
  readonly weekend: number;
}

export function rollRhythm(dice: Dice): Rhythm {
  return {
    peakHour: dice.between(8, 20),
    daily: dice.pick([0, 0.2, 0.5, 0.8] as const),
    weekend: dice.pick([1, 1, 0.6, 0.2] as const),
  };
}

export function beat({ peakHour, daily, weekend }: Rhythm, at: number): number {
  const hour = hourOf(at);
  const isWeekend = [0, 6].includes(new Date(at).getUTCDay());
  return (1 + daily * Math.cos((2 * Math.PI * (hour - peakHour)) / 24)) * (isWeekend ? weekend : 1);
}

export function hourOf(at: number): number {
  return (at % DAY) / HOUR;
}

/** Evenly over the magnitudes: as likely a minute as a week. */
export function logBetween(dice: Dice, from: number, to: number): number {
  return Math.exp(dice.between(Math.log(from), Math.log(to)));
}
