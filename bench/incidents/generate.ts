import { rollDice, type Dice } from '../../drill/loads/dice.ts';
import { NO_CONTEXT, type Context } from '../../functions/core/cause/facts.ts';
import { storeAnswer, type StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { countSessions } from '../../functions/core/server/consumer-count.ts';
import type { Session } from '../../functions/core/server/session.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { aSnapshot } from '../../test/support/a-session.ts';
import { everydayLife, type Crowd } from './crowd.ts';
import type { Course, Model } from './models.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1);
/** How long the sampler has been running. */
const LOOKED_FOR_MINUTES = 120;

interface GeneratedIncident {
  readonly model: Model;
  readonly snapshot: Snapshot;
  readonly context: Context;
}

/**
 * One incident of a kind: the same seed gives the same one. A part of them comes without history, as after an
 * installation.
 */
export function generateIncident(model: Model, seed: number): GeneratedIncident {
  const dice = rollDice(seed);
  const crowd: Crowd = { dice, tellsConnected: dice.happens(2 / 3), nextId: 1 };
  const usable = dice.whole(60, 1_500);
  const everyday = Math.round(usable * dice.between(0, 0.4));
  const trouble = usable - everyday - dice.whole(0, Math.ceil(usable / 50));
  const halfOpen = Math.round(trouble * (model.halfOpenShare?.(dice) ?? 0));
  const usual = everydayLife(crowd, everyday);
  const sessions = [...usual, ...model.sessions(crowd, trouble - halfOpen)];
  const snapshot = aSnapshot(usable, sessions, {
    at: NOW,
    halfOpen: halfOpen > 0 ? { count: halfOpen, inferred: true } : { count: countStarting(sessions), inferred: false },
    latestDeadlock: model.deadlock === true ? { agoMs: dice.between(1, 120) * 1000, statements: [] } : null,
  });
  const course = model.course(crowd);
  const opened = 50_000;
  const full = { ...snapshot, activity: { ...snapshot.activity, sessionsOpened: opened } };
  const samples = dice.happens(0.8) ? historyOf(full, usual, course, dice) : [];
  return { model, snapshot: full, context: { ...NO_CONTEXT, samples } };
}

/** Connections that show while they log in hold a slot like any other. */
function countStarting(sessions: readonly Session[]): number {
  return sessions.filter(({ state }) => state === 'starting').length;
}

/** `usual`: who was there before the climb. Only the samples of that time need to tell. */
function historyOf(
  snapshot: Snapshot,
  usual: readonly Session[],
  { climbMinutes, opensPerSlot }: Course,
  dice: Dice,
): StoredSample[] {
  const base = usual.length;
  const consumers = countSessions(usual, () => null);
  const now = snapshot.used + snapshot.halfOpen.count;
  const perMinute = opensPerSlot * now;
  return Array.from({ length: LOOKED_FOR_MINUTES }, (_, index) => {
    const minutesAgo = LOOKED_FOR_MINUTES - index;
    const climbed = Math.min(1, Math.max(0, 1 - (minutesAgo - 1) / climbMinutes));
    const used = Math.round(base + climbed * (now - base) + dice.between(-0.02, 0.02) * base);
    const opensSince =
      perMinute * Math.min(minutesAgo, climbMinutes) + 0.02 * base * Math.max(0, minutesAgo - climbMinutes);
    const sample = {
      ...snapshot,
      used,
      ownSlots: 0,
      halfOpen: { count: 0, inferred: false },
      canary: { result: 'admitted' as const, tookMs: 5 },
      activity: { ...snapshot.activity, sessionsOpened: Math.round(50_000 - opensSince) },
    };
    const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
    const taking = { at: NOW - minutesAgo * MINUTE, tookMs: 20, inIncident: false };
    const stored = storeAnswer({ schema: 1, ok: true, admission, sample }, taking);
    return { ...stored, consumers: climbed > 0 ? null : consumers };
  });
}
