import * as z from 'zod/mini';
import { targetOfAlarm } from '../core/fleet/alarm-names.ts';
import { isCheckDue, isFollowDue, isReconcileDue, type RosterRow } from '../core/fleet/roster.ts';
import { paceOf, spread, type Pace } from '../core/fleet/spread.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Alarms, FleetFunction, FunctionCaller } from '../core/ports/outside.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import type { AlarmSighting } from '../core/record/incident.ts';
import { errorWords } from '../core/words/error-words.ts';

export interface TickDependencies {
  readonly store: Pick<IncidentStore, 'targets' | 'gathered'>;
  readonly alarms: Pick<Alarms, 'activeUnder'>;
  readonly functions: FunctionCaller;
  /** Of the installation: the names of its alarms begin with it. */
  readonly prefix: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface TickResult {
  readonly targets: number;
  readonly reconciled: number;
  readonly checked: number;
  readonly tookMs: number;
}

/** The calls of a minute are over before the next one begins, the time to answer the last of them included. */
const SPAN_MS = 50_000;

/** What EventBridge sends on a schedule, as far as it matters here. */
const scheduled = z.object({ time: z.iso.datetime() });

/**
 * Once a minute, for the whole fleet: has each target sampled, the reconciler look at those it may have something to do
 * for, each target checked in its minute of the day, the control plane asked about it in its minute of the hour, and
 * people told of the notices that wait for it. It waits for none of them. Throws at its end, so that people are told,
 * when not everything could be asked for.
 */
export async function tick(payload: unknown, deps: TickDependencies): Promise<TickResult> {
  const startedAt = deps.now();
  const time = scheduled.safeParse(payload).data?.time;
  const at = time === undefined ? startedAt : Date.parse(time);
  const roster = await deps.store.targets.roster();
  const following = roster.filter((row) => isFollowDue(row, at));
  const rows = roster.filter(({ isCluster }) => !isCluster);
  const pace = paceOf(rows.length, startedAt, SPAN_MS);
  const due = rows.filter((row) => isCheckDue(row, at));
  const [notices, samples, checks, follows, reconciling] = await Promise.all([
    tellGathered(deps),
    callEach(rows, pace, deps, ({ id }) => ['sample', { kind: 'sample', target: id }]),
    callEach(due, paceOf(due.length, startedAt, SPAN_MS), deps, ({ id }) => ['sample', { kind: 'check', target: id }]),
    callEach(following, paceOf(following.length, startedAt, SPAN_MS), deps, ({ id }) => ['follow', { target: id }]),
    reconcileFleet(rows, pace, at, deps),
  ]);
  throwIfAny({ notices, samples, checks, follows, reconciling: reconciling.failures });
  return {
    targets: rows.length,
    reconciled: reconciling.count,
    checked: due.length,
    tookMs: deps.now() - startedAt,
  };
}

/** Notices that came too many at once wait for this. */
async function tellGathered({ store, functions }: TickDependencies): Promise<string[]> {
  try {
    if (await store.gathered.isWaiting()) await functions.call('notify', { schema: SCHEMA, kind: 'gathered' });
    return [];
  } catch (error) {
    return [errorWords(error)];
  }
}

/** Alarms that cannot be read are left to the reconciler of each target whose turn it is: nothing waits for them. */
async function reconcileFleet(rows: readonly RosterRow[], pace: Pace, at: number, deps: TickDependencies) {
  const failures: string[] = [];
  const active = await deps.alarms.activeUnder(`${deps.prefix}-`).catch((error: unknown) => {
    failures.push(`alarms: ${errorWords(error)}`);
    return null;
  });
  const byTarget = Map.groupBy(active ?? [], ({ alarm }) => targetOfAlarm(deps.prefix, alarm));
  const due = rows.filter((row) => isReconcileDue(row, byTarget.has(row.id), at));
  const restMs = Math.max(0, pace.until - deps.now());
  failures.push(
    ...(await callEach(due, paceOf(due.length, deps.now(), restMs), deps, ({ id }) => [
      'reconcile',
      { target: id, ...(active !== null && { active: byTarget.get(id) ?? NONE }) },
    ])),
  );
  return { failures, count: due.length };
}

const NONE: readonly AlarmSighting[] = [];

type Request = readonly [FleetFunction, Readonly<Record<string, unknown>>];

function callEach<T>(
  items: readonly T[],
  pace: Pace,
  deps: TickDependencies,
  requestFor: (item: T) => Request,
): Promise<string[]> {
  return spread(
    items,
    pace,
    async (item) => {
      const [name, request] = requestFor(item);
      await deps.functions.call(name, { schema: SCHEMA, ...request });
    },
    deps,
  );
}

/** How many of the failures of each kind are named. */
const MOST_NAMED = 5;

function throwIfAny(failed: Readonly<Record<string, readonly string[]>>): void {
  const words = Object.entries(failed)
    .filter(([, failures]) => failures.length > 0)
    .map(([what, failures]) => `${failures.length} ${what}: ${[...new Set(failures)].slice(0, MOST_NAMED).join('; ')}`);
  if (words.length > 0) throw new Error(`not everything of this minute could be asked for: ${words.join('. ')}`);
}
