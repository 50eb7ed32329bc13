import type { Act, VictimRecord } from '../record/act.ts';
import type { Round } from '../record/round.ts';
import { consumerOf } from '../server/consumer.ts';
import { printable } from '../words/printable.ts';
import { lines } from './looks.ts';
import { resultWords, sparedWords, tierWords } from './words.ts';

/** Sessions of one consumer that one act meant, with one result. */
export interface EndedGroup {
  readonly round: number;
  /** When the act began, epoch milliseconds. */
  readonly at: number;
  readonly tier: string;
  readonly consumer: string;
  readonly database: string;
  readonly result: string;
  /** The server's own words about it; empty where it said nothing. */
  readonly detail: string;
  readonly sessions: number;
  /** Why, and which: every session by its id on the server. */
  readonly reasons: readonly { readonly why: string; readonly ids: readonly number[] }[];
}

/** A longer list goes on in a group of its own, so that a page can leave out its end and not all of it. */
const MOST_REASONS = 100;
const MOST_IDS = 2_000;

/** Every session that an act was to end, grouped. O(sessions). */
export function endedGroups(acts: readonly Act[]): EndedGroup[] {
  return acts.flatMap((act) =>
    [...Map.groupBy(act.victims, groupKey).values()].flatMap((victims) => inParts(act, victims)),
  );
}

function inParts(act: Act, victims: readonly VictimRecord[]): EndedGroup[] {
  const [first] = victims;
  if (first === undefined) return [];
  const reasons = [...Map.groupBy(victims, ({ reason }) => printable(reason, 200))].flatMap(([why, own]) =>
    chunksOf(own, MOST_IDS).map((part) => ({ why, ids: part.map(({ identity }) => identity.id) })),
  );
  const shared = {
    round: act.round,
    at: act.startedAt,
    tier: tierWords(act.tier),
    consumer: printable(consumerOf(first), 120),
    database: databaseOf(first),
    result: resultWords(first.result),
    detail: detailOf(first),
  };
  return chunksOf(reasons, MOST_REASONS).map((part) => ({
    ...shared,
    sessions: part.reduce((sum, { ids }) => sum + ids.length, 0),
    reasons: part,
  }));
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function groupKey(victim: VictimRecord): string {
  const { result } = victim;
  return JSON.stringify([consumerOf(victim), databaseOf(victim), result, detailOf(victim)]);
}

function databaseOf({ database }: VictimRecord): string {
  return printable(database ?? '?', 63);
}

function detailOf({ detail }: VictimRecord): string {
  return printable(detail, 200);
}

export interface SparedGroup {
  /** The key of the reason, as records have it. */
  readonly reason: string;
  readonly words: string;
  readonly sessions: number;
  /** A few of them. */
  readonly examples: readonly string[];
}

/** Whom the last plan left alone, and why, most first. */
export function sparedGroups(spared: Readonly<Record<string, number>>, rounds: readonly Round[]): SparedGroup[] {
  const samples = rounds.findLast(({ spared: own }) => Object.keys(own).length > 0)?.sparedSamples ?? {};
  return Object.entries(spared)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, sessions]) => ({
      reason: printable(reason),
      words: sparedWords(reason),
      sessions,
      examples: lines(Object.hasOwn(samples, reason) ? (samples[reason] ?? []) : []),
    }));
}
