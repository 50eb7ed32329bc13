import type { IncidentStore } from '../core/ports/incident-store.ts';
import { wholeRefusal, type Act } from '../core/record/act.ts';
import { hasEffect, HOUR_MS, isWorsening, settleAct, type Past } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import { countRounds } from '../core/record/round.ts';
import { slotsTaken, type Snapshot } from '../core/server/snapshot.ts';
import type { Situation } from '../core/verdict/situation.ts';
import { countBy } from '../core/words/count-by.ts';
import { readPast } from '../incident/read-past.ts';

export interface SituationDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds' | 'acts' | 'approvals' | 'limits' | 'pauses'>;
  readonly now: () => number;
}

/** What is on record that bears on a verdict. */
export interface OnRecord {
  readonly past: Past;
  readonly situation: Situation;
}

/** Reads it; acts whose results never came are settled by what the snapshot shows. `snapshot`: null without one. */
export async function readSituation(
  incident: Incident,
  snapshot: Snapshot | null,
  deps: SituationDependencies,
): Promise<OnRecord> {
  const { id, target } = incident;
  const [found, pauses, actedLately] = await Promise.all([
    readPast(target.id, id, deps),
    deps.store.pauses.on(target.id),
    countActedRecently(incident, deps),
  ]);
  const past = await settleActs(found, snapshot, target.id, deps);
  const { acts, rounds, approvals } = past;
  const situation: Situation = {
    incident,
    now: deps.now(),
    pauses,
    ...countRounds(rounds),
    hasActed: acts.some(hasEffect),
    limited: acts.flatMap(({ limit }) => (limit?.result === 'done' ? [limit] : [])),
    refused: lastRefusal(acts),
    isWorsening: isWorsening({ ...past, usedNow: snapshot && slotsTaken(snapshot) }),
    actedLately,
    approvals,
  };
  return { past, situation };
}

function lastRefusal(acts: readonly Act[]): Situation['refused'] {
  const last = acts.at(-1);
  return last === undefined ? null : wholeRefusal(last);
}

async function settleActs(
  past: Past,
  snapshot: Snapshot | null,
  targetId: string,
  { store, now }: SituationDependencies,
): Promise<Past> {
  // Whoever holds the server's lock may be the worker of this very act, still at it.
  if (snapshot === null || snapshot.othersActing) return past;
  const settle = (act: Act) => (act.finishedAt === null ? settleAct(act, snapshot, now()) : act);
  const acts = past.acts.map(settle);
  for (const act of acts) if (!past.acts.includes(act)) await store.acts.finish(targetId, act);
  // Their tallies were read before that.
  const lastHour = past.lastHour.map(
    (tally) => acts.find(({ incidentId, round }) => incidentId === tally.incidentId && round === tally.round) ?? tally,
  );
  return { ...past, acts, lastHour };
}

/** Far more incidents than a target can have within an hour. */
const RECENT = 60;

/** Earlier incidents of the last hour in which Headroom acted, by cause. */
async function countActedRecently({ id, target }: Incident, { store, now }: SituationDependencies) {
  const earlier = (await store.incidents.listByTarget(target.id, RECENT)).filter(
    (other) =>
      other.id !== id && other.call === null && other.firstActionAt !== null && now() - other.firstActionAt < HOUR_MS,
  );
  return Object.fromEntries(countBy(earlier, ({ cause }) => cause?.name ?? 'unclear'));
}
