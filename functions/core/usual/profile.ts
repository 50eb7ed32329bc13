import type { Kind } from '../server/consumer-count.ts';

/** A quarter of an hour of a target: what its samples say of each consumer. Samples of incidents are left out. */
export interface Quarter {
  /** When it begins, epoch milliseconds; a multiple of QUARTER_MS. */
  readonly at: number;
  /** How many samples it sums up. A quarter without a sample is not stored. */
  readonly samples: number;
  /** How many samples of it were left out, as nothing is learned from them. Absent: none, or not counted. */
  readonly leftOut?: number;
  /** The largest by `most`, MOST_CONSUMERS of them. */
  readonly consumers: readonly QuarterConsumer[];
  /** Those that are left out: how many consumers at most in one sample, and the largest number of sessions of one. */
  readonly rest: { readonly consumers: number; readonly most: number };
}

/** One consumer in a quarter: the most sessions that a sample saw of it, in all and of each kind. */
export interface QuarterConsumer extends Readonly<Record<Kind, number>> {
  readonly name: string;
  readonly user: string;
  /** Most sessions in all. */
  readonly most: number;
  /** The median of its sessions in all, over the quarter's samples. */
  readonly middle: number;
  /** Most sessions that were in use at once: busy, or in a transaction. */
  readonly used: number;
}

export const QUARTER_MS = 15 * 60_000;
/** How far back a profile goes. */
export const PROFILE_MS = 14 * 24 * 3_600_000;

/** The quarters of a target, oldest first, without gaps filled in. At most two weeks of them. */
export type Profile = readonly Quarter[];

export function quarterOf(at: number): number {
  return Math.floor(at / QUARTER_MS) * QUARTER_MS;
}
