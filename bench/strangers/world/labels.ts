import { MINUTE, SECOND, type Consumer } from './consumer.ts';
import { RELIEF_PERCENT, TRIGGER_PERCENT } from './stranger.ts';
import type { Role } from './troubles.ts';
import type { Crew, Gang, Live, World } from './world.ts';

/**
 * `spare`: idle, cold and no culprit, where the culprits do not suffice, or one of too many during a deploy.
 * `neighbour`: no culprit itself, but of the very consumer that holds more than is usual because of the trouble.
 */
export type Label = 'culprit' | 'neighbour' | 'spare' | 'innocent';

/** The sessions of these parts are each at fault. */
const AT_FAULT: ReadonlySet<Role> = new Set(['leaked', 'forgotten', 'runaway', 'root']);
/**
 * Of these consumers, whichever are idle are too many: the pool does not distinguish them. A cancelled query leaves its
 * session idle.
 */
const TOO_MANY: ReadonlySet<Role> = new Set(['excess', 'waiter', 'storm', 'runaway']);
/** For a minute, the idle sessions of a deploy are too many: nobody misses one, and nothing is wrong. */
const FOR_A_WHILE: ReadonlySet<Role> = new Set(['successor']);

export function isAtFault(live: Live): boolean {
  return live.role !== 'usual' && AT_FAULT.has(live.role);
}

/** How many sessions a consumer holds over its usual number through a trouble in which it does not matter which end. */
export function excessOf(world: World, crew: Crew, roles = TOO_MANY): number {
  const isConcerned = world.gangs.some(({ crew: own, part }) => own === crew && roles.has(part.role));
  if (!isConcerned) return 0;
  const faulty = world.gangs
    .filter(({ crew: own, part }) => own === crew && AT_FAULT.has(part.role))
    .reduce((sum, { live }) => sum + live.size, 0);
  return Math.max(0, crew.count - faulty - Math.round(crew.consumer.usualAt(world.stranger.crossedAt).total));
}

/** What a session is at the moment at which somebody would end it. `mayTakeSpare`: the culprits do not suffice. */
export function labelOf(world: World, live: Live, mayTakeSpare: boolean): Label {
  if (isAtFault(live)) return 'culprit';
  const isStorm = live.role === 'storm';
  if ((live.state === 'idle' || isStorm) && live.behind === null && excessOf(world, live.crew) > 0) return 'culprit';
  if (looksLeaked(world, live)) return 'culprit';
  if (live.state === 'idle' && excessOf(world, live.crew, FOR_A_WHILE) > 0) return 'spare';
  if (mayTakeSpare && isSpare(world, live)) return 'spare';
  return isNeighbour(world, live) ? 'neighbour' : 'innocent';
}

/** Its consumer holds more than is usual, as long as it does, through a trouble of its own. */
function isNeighbour(world: World, { crew }: Live): boolean {
  const isConcerned = world.gangs.some(
    ({ crew: own, part, live }) =>
      own === crew && live.size > 0 && (AT_FAULT.has(part.role) || TOO_MANY.has(part.role)),
  );
  return isConcerned && crew.count > Math.round(crew.consumer.usualAt(world.stranger.crossedAt).total);
}

/**
 * A cold session of a leaking application, opened, used once and never since: nobody can tell it from a leaked one, and
 * it does not matter which of them goes, as long as the application is left its usual number.
 */
function looksLeaked(world: World, { crew, state, uses }: Live): boolean {
  if (state !== 'idle' || uses > 1) return false;
  const leaks = world.gangs.some(
    ({ crew: own, part, live }) => own === crew && part.role === 'leaked' && live.size > 0,
  );
  return leaks && crew.count > crew.consumer.usualAt(world.stranger.crossedAt).total;
}

const IDLE_MS = 300 * SECOND;
const usedInDay = new WeakMap<Consumer, number>();

/** Idle for long, in a pool that holds clearly more than it has used at once within a day. */
function isSpare(world: World, { state, since, crew }: Live): boolean {
  if (state !== 'idle' || world.now - since < IDLE_MS) return false;
  const { consumer } = crew;
  let used = usedInDay.get(consumer);
  if (used === undefined) {
    const quarters = Array.from({ length: 96 }, (_, index) => world.stranger.crossedAt - 15 * index * MINUTE);
    used = Math.max(...quarters.map((at) => consumer.usualAt(at)).map(({ busy, open }) => busy + open));
    usedInDay.set(consumer, used);
  }
  return crew.count > 1.2 * used + 2;
}

export interface Fewest {
  readonly ends: number;
  /** What they bring: the relief level, or as far as usage under the trigger with clients in. */
  readonly reaches: 'relief' | 'trigger';
}

/** Of the culprits, the fewest that bring relief if no more come; null when all of them do not suffice. */
export function fewestEnds(world: World): Fewest | null {
  const { usable } = world.stranger;
  const used = world.sessions.size;
  const need = used - Math.floor((RELIEF_PERCENT * usable) / 100);
  if (need <= 0) return { ends: 0, reaches: 'relief' };
  let ends = 0;
  let freed = 0;
  const take = (count: number, frees: number) => {
    ends += count;
    freed += frees;
  };
  // One root frees the most.
  for (const gang of world.gangs)
    if (gang.part.role === 'root') take(gang.live.size, gang.live.size * freedBy(world, gang));
  const singles = world.gangs.reduce((sum, gang) => sum + singlesOf(gang), 0);
  const excess = world.crews.reduce((sum, crew) => sum + endable(world, crew), 0);
  if (freed < need) take(Math.min(need - freed, singles + excess), Math.min(need - freed, singles + excess));
  if (freed >= need) return { ends, reaches: 'relief' };
  return (100 * (used - freed)) / usable < TRIGGER_PERCENT ? { ends, reaches: 'trigger' } : null;
}

function singlesOf({ part, live }: Gang): number {
  return AT_FAULT.has(part.role) && part.role !== 'root' && isGone(part.againMs) ? live.size : 0;
}

/** Ended sessions that come again within minutes bring nothing. */
function isGone(againMs: number | null): boolean {
  return againMs === null || againMs >= 300 * SECOND;
}

/** The root's own slot, and those of the waiters for which the pool opened more and closes them soon. */
function freedBy(world: World, { trouble }: Gang): number {
  const waiters = world.gangs.filter((gang) => gang.trouble === trouble && gang.part.role === 'waiter');
  return 1 + waiters.reduce((sum, { live, part }) => sum + (part.endsMs === null ? 0 : live.size), 0);
}

/** Idle sessions over the usual number, which may end and stay ended; waiters count once they wait no longer. */
function endable(world: World, crew: Crew): number {
  const gangs = world.gangs.filter((gang) => gang.crew === crew && TOO_MANY.has(gang.part.role));
  if (gangs.length === 0 || gangs.some(({ part }) => !isGone(part.againMs))) return 0;
  // Those of a pool that closes them by itself are counted with the root.
  const own = gangs.filter(({ part }) => part.role !== 'waiter' || part.endsMs === null);
  return Math.min(
    excessOf(world, crew),
    own.reduce((sum, { live }) => sum + live.size, 0),
  );
}

/** Whether a person must be paged. `either`: both are right. */
export type PageLabel = 'needed' | 'not needed' | 'either';

/** From the relief level back to the trigger in less than this: ending sessions is no remedy. */
const TOO_QUICK_MS = 180 * SECOND;
const SLOW_MS = 1_800 * SECOND;

/** Judged at the alarm. */
export function pageLabel(world: World): PageLabel {
  const { stranger } = world;
  const room = ((TRIGGER_PERCENT - RELIEF_PERCENT) * stranger.usable) / 100;
  if (world.gangs.some(({ part }) => part.role === 'storm')) return 'needed';
  const deploys = world.gangs.some(({ part }) => part.role === 'successor');
  const batches = world.gangs.some(({ part }) => part.role === 'batch');
  if (deploys) return 'not needed';
  if (batches) return 'either';
  const honest = world.gangs.filter(({ part }) => part.role === 'work');
  if (honest.length > 0)
    return honest.some(({ part }) => (part.endsMs ?? Infinity) < 900 * SECOND) ? 'either' : 'needed';
  const fewest = fewestEnds(world);
  if (fewest === null) return 'needed';
  const perMs = world.gangs
    .filter(({ part, opened }) => opened < part.most && part.role !== 'root' && part.role !== 'waiter')
    .reduce((sum, { part }) => sum + part.atCrossing / part.spanMs, 0);
  const lastsMs = room / Math.max(1e-12, perMs);
  if (lastsMs < TOO_QUICK_MS) return 'needed';
  return lastsMs < SLOW_MS || fewest.reaches === 'trigger' || world.gangs.some(({ part }) => part.againMs !== null)
    ? 'either'
    : 'not needed';
}
