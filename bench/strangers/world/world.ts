import { rollDice, type Dice } from '../../../drill/loads/dice.ts';
import { DAY, HOUR, SECOND, type Consumer } from './consumer.ts';
import type { Who } from './names.ts';
import type { Stranger } from './stranger.ts';
import type { Part, Role, Trouble } from './troubles.ts';

/** A session of the simulated server. Times are epoch milliseconds. */
export interface Live {
  readonly id: number;
  readonly who: Who;
  readonly crew: Crew;
  /** The part it came with; null for what its consumer usually has. */
  readonly gang: Gang | null;
  bornAt: number;
  role: Role | 'usual';
  state: 'active' | 'idle' | 'idle-in-transaction';
  since: number;
  queryAt: number;
  transactionAt: number | null;
  hasWritten: boolean;
  /** The root blocker that it waits for. */
  behind: Live | null;
  /** Counts its queries: each has a mark of its own. */
  uses: number;
}

/** A consumer and its usual sessions, most lately used first. */
export interface Crew {
  readonly consumer: Consumer;
  pool: Live[];
  /** How many it wants now, and how many of them work at once. */
  target: number;
  working: number;
  /** All its sessions, those of a trouble included. */
  count: number;
  nextFace: number;
  breathedAt: number;
}

/** The sessions of one part of a trouble. */
export interface Gang {
  readonly part: Part;
  readonly trouble: Trouble;
  readonly crew: Crew;
  readonly live: Set<Live>;
  opened: number;
  /** Fractions of sessions that are to be opened. */
  carry: number;
  /** When those that were ended come again. */
  readonly again: number[];
  isOver: boolean;
}

export interface World {
  readonly stranger: Stranger;
  readonly dice: Dice;
  readonly crews: readonly Crew[];
  readonly gangs: readonly Gang[];
  readonly sessions: Map<number, Live>;
  now: number;
  nextId: number;
  /** Logins refused for lack of a slot, and sessions opened, since the crossing. */
  refused: number;
  opened: number;
  /** When the worker looked during the incident, in order. */
  readonly looks: number[];
}

const STEP_MS = SECOND;

/** The server as it is when usage crosses the trigger. */
export function openWorld(stranger: Stranger): World {
  const dice = rollDice(stranger.seed ^ 0x5bd1e995);
  const { crossedAt } = stranger;
  const crews = stranger.consumers.map((consumer): Crew => ({
    consumer,
    pool: [],
    target: 0,
    working: 0,
    count: 0,
    nextFace: 0,
    breathedAt: -Infinity,
  }));
  const crewOf = new Map(crews.map((crew) => [crew.consumer, crew]));
  const gangs = stranger.troubles.flatMap((trouble) =>
    trouble.parts.flatMap((part): Gang[] => {
      const crew = crewOf.get(part.consumer);
      if (crew === undefined) return [];
      return [{ part, trouble, crew, live: new Set(), opened: 0, carry: 0, again: [], isOver: false }];
    }),
  );
  const world: World = {
    stranger,
    dice,
    crews,
    gangs,
    sessions: new Map(),
    now: crossedAt,
    nextId: dice.whole(1_000, 900_000),
    refused: 0,
    opened: 0,
    looks: [],
  };
  for (const crew of crews) {
    aim(crew, crossedAt);
    const { lifetimeMs, shortLivedMs } = crew.consumer.habit;
    const oldest = Math.min(lifetimeMs ?? Infinity, crew.consumer.upMs);
    for (let index = 0; index < crew.target && !isFull(world); index++) {
      const age = shortLivedMs === null ? usualAge(dice, oldest, lifetimeMs) : dice.waiting(shortLivedMs);
      crew.pool.push(open(world, { crew, gang: null, role: 'usual', bornAt: crossedAt - age }));
    }
  }
  for (const gang of gangs) openGang(world, gang);
  for (const crew of crews) breathe(world, crew);
  return world;
}

/** Pools open most of their sessions when they start; those that recycle have them at every age. */
function usualAge(dice: Dice, oldest: number, lifetimeMs: number | null): number {
  if (lifetimeMs !== null) return dice.between(0, oldest);
  return dice.happens(0.8) ? oldest - dice.between(0, 60 * SECOND) : dice.between(0, oldest);
}

function openGang(world: World, gang: Gang): void {
  const { part } = gang;
  for (let index = 0; index < part.atCrossing && !isFull(world); index++) {
    const ago = (part.spanMs * (part.atCrossing - index - world.dice.between(0, 1))) / part.atCrossing;
    join(world, gang, world.now - Math.max(5, ago));
  }
  if (part.role === 'waiter') holdUp(world, gang);
}

/** A pool opens more only when those that it had anyway wait too. */
function holdUp(world: World, gang: Gang): void {
  const root = rootOf(world, gang);
  for (const live of gang.crew.pool) {
    if (!world.dice.happens(0.95)) continue;
    beginTransaction(live, Math.max(live.bornAt, world.now - world.dice.between(0, gang.part.spanMs)), false);
    live.state = 'active';
    live.since = live.queryAt;
    live.behind = root;
  }
}

function aim(crew: Crew, at: number): void {
  const { total, busy, open: inTransaction } = crew.consumer.usualAt(at);
  crew.target = Math.round(total);
  crew.working = Math.min(total, busy + inTransaction);
}

function open(
  world: World,
  { crew, gang, role, bornAt }: Pick<Live, 'crew' | 'gang' | 'role' | 'bornAt'>,
  face?: Who,
): Live {
  const used = bornAt + world.dice.between(2, 40);
  const live: Live = {
    id: world.nextId++,
    who: face ?? crew.consumer.faces(crew.nextFace++, world.stranger.crossedAt),
    crew,
    gang,
    role,
    bornAt,
    state: 'idle',
    since: used,
    queryAt: used,
    transactionAt: null,
    hasWritten: false,
    behind: null,
    uses: 1,
  };
  world.sessions.set(live.id, live);
  world.opened++;
  crew.count++;
  return live;
}

/** One more session of a trouble, opened at that time. */
function join(world: World, gang: Gang, bornAt: number): Live {
  const { dice } = world;
  const { part, crew } = gang;
  // The new processes of a deploy have names that were never seen before.
  const face = part.role === 'successor' ? crew.consumer.faces(crew.nextFace++, bornAt + 100 * DAY) : undefined;
  const live = open(world, { crew, gang, role: part.role, bornAt }, face);
  gang.live.add(live);
  gang.opened++;
  switch (part.role) {
    case 'leaked':
      live.queryAt = bornAt + dice.between(2, 50);
      live.since = live.queryAt + dice.between(1, 2_000);
      break;
    case 'forgotten':
      beginTransaction(live, bornAt + dice.between(2, 50), dice.happens(0.6));
      live.state = 'idle-in-transaction';
      live.since = live.queryAt + dice.between(1, 2_000);
      break;
    case 'root':
      live.bornAt -= dice.between(0, HOUR);
      beginTransaction(live, bornAt + 2, true);
      live.state = dice.happens(0.6) ? 'idle-in-transaction' : 'active';
      live.since = live.queryAt + (live.state === 'active' ? 0 : dice.between(1, 500));
      break;
    case 'waiter':
      beginTransaction(live, bornAt + 2, false);
      live.state = 'active';
      live.since = live.queryAt;
      live.behind = rootOf(world, gang);
      break;
    case 'runaway':
      beginTransaction(live, bornAt + dice.between(2, 300), false);
      live.state = 'active';
      live.since = live.queryAt;
      break;
    default:
  }
  // Nobody has used it later than now.
  live.since = Math.min(live.since, world.now);
  live.queryAt = Math.min(live.queryAt, world.now);
  return live;
}

function beginTransaction(live: Live, at: number, hasWritten: boolean): void {
  live.queryAt = at;
  live.transactionAt = at;
  live.hasWritten = hasWritten;
}

function rootOf(world: World, gang: Gang): Live | null {
  const roots = world.gangs.find(({ trouble, part }) => trouble === gang.trouble && part.role === 'root');
  const [root] = roots?.live ?? [];
  return root ?? null;
}

function isFull(world: World): boolean {
  return world.sessions.size >= world.stranger.usable;
}

/** Slots taken in percent of usable ones. */
export function usageOf(world: World): number {
  return (100 * world.sessions.size) / world.stranger.usable;
}

/** Lets time pass: pools open what they miss, troubles go on. */
export function advance(world: World, until: number): void {
  while (world.now < until) {
    const step = Math.min(STEP_MS, until - world.now);
    world.now += step;
    for (const gang of world.gangs) goOn(world, gang, step);
    for (const crew of world.crews) keepSize(world, crew, step);
  }
}

function keepSize(world: World, crew: Crew, step: number): void {
  const { habit } = crew.consumer;
  // What comes and goes with the clock; everything else keeps its level for the few minutes.
  if (habit.shortLivedMs !== null) aim(crew, world.now);
  const wanted =
    habit.refill === 'all' || habit.shortLivedMs !== null
      ? crew.target
      : Math.min(crew.target, Math.ceil(1.1 * crew.working));
  const missing = Math.min(wanted - crew.pool.length, Math.ceil((crew.target * step) / (3 * SECOND)));
  for (let count = 0; count < missing; count++) {
    if (isFull(world)) {
      world.refused++;
      break;
    }
    crew.pool.push(open(world, { crew, gang: null, role: 'usual', bornAt: world.now }));
  }
  if (habit.shortLivedMs === null) return;
  while (crew.pool.length > crew.target) {
    const [last] = crew.pool.slice(-1);
    if (last === undefined) break;
    leave(world, last);
  }
}

function goOn(world: World, gang: Gang, step: number): void {
  const { part } = gang;
  if (gang.isOver) return;
  if (part.endsMs !== null && part.role !== 'waiter' && world.now >= world.stranger.crossedAt + part.endsMs) {
    finish(world, gang);
    return;
  }
  if (part.role === 'storm') {
    churn(world, gang, step);
    return;
  }
  if (part.role === 'waiter' && rootOf(world, gang) === null) {
    release(world, gang, step);
    return;
  }
  gang.carry += (part.atCrossing * step) / part.spanMs;
  while (gang.carry >= 1) {
    gang.carry--;
    if (gang.opened >= part.most) continue;
    if (isFull(world)) world.refused++;
    else join(world, gang, world.now - world.dice.between(0, step));
  }
  while ((gang.again[0] ?? Infinity) <= world.now && !isFull(world)) {
    gang.again.shift();
    join(world, gang, world.now);
  }
}

/** Every client of a storm closes after a moment and takes the next free slot, whoever has given it up. */
function churn(world: World, gang: Gang, step: number): void {
  const stays = Math.exp(-step / (2 * gang.part.queryMs));
  for (const live of gang.live) if (!world.dice.happens(stays)) leave(world, live);
  const pressing = Math.max(gang.part.atCrossing, Math.ceil(world.stranger.usable * 0.6));
  while (gang.live.size < 2 * pressing && !isFull(world))
    join(world, gang, world.now - world.dice.between(0, Math.min(step, 2 * gang.part.queryMs)));
  world.refused += pressing;
}

/** Once the root is gone, waiters go on one after the other; what the pool opened for them closes, or stays idle. */
function release(world: World, gang: Gang, step: number): void {
  const { endsMs } = gang.part;
  const done = Math.exp(-step / SECOND);
  const closes = endsMs === null ? 1 : Math.exp(-step / endsMs);
  for (const live of gang.crew.pool) {
    if (live.behind === null || world.dice.happens(done)) continue;
    live.behind = null;
    rest(live, world.now);
  }
  for (const live of gang.live) {
    if (live.role === 'waiter') {
      if (world.dice.happens(done)) continue;
      live.role = 'excess';
      live.behind = null;
      rest(live, world.now);
    } else if (!world.dice.happens(closes)) leave(world, live);
  }
}

function rest(live: Live, at: number): void {
  live.state = 'idle';
  live.since = at;
  live.transactionAt = null;
  live.hasWritten = false;
}

function finish(world: World, gang: Gang): void {
  gang.isOver = true;
  if (gang.part.role === 'successor') {
    for (const old of [...gang.crew.pool]) leave(world, old);
    gang.crew.pool = [...gang.live];
    for (const live of gang.live) live.role = 'usual';
    return;
  }
  for (const live of [...gang.live]) leave(world, live);
}

function leave(world: World, live: Live): void {
  if (!world.sessions.delete(live.id)) return;
  live.crew.count--;
  live.gang?.live.delete(live);
  const at = live.crew.pool.indexOf(live);
  if (at >= 0) live.crew.pool.splice(at, 1);
}

/** Ends sessions, as a kill does. False for one that is not there any more. */
export function endSession(world: World, id: number): boolean {
  const live = world.sessions.get(id);
  if (live === undefined) return false;
  leave(world, live);
  const againMs = live.gang?.part.againMs ?? null;
  if (live.gang !== null && againMs !== null && againMs > 0)
    live.gang.again.push(world.now + againMs * world.dice.between(0.5, 1.5));
  return true;
}

/** What the sessions have done since the last look: a chain of two states, idle and at work, for each. */
export function breatheAll(world: World): void {
  for (const crew of world.crews) breathe(world, crew);
}

function breathe(world: World, crew: Crew): void {
  const { consumer, pool } = crew;
  const { habit } = consumer;
  const dt = world.now - crew.breathedAt;
  if (dt <= 0) return;
  crew.breathedAt = world.now;
  if (dt < Infinity) renew(world, crew, dt);
  // A LIFO pool uses as many as work at once and some more; the rest stays as cold as it was.
  const warm = habit.order === 'lifo' ? Math.min(pool.length, Math.ceil(1.3 * crew.working) + 1) : pool.length;
  // Honest work takes all that the pool has before it opens more.
  const work = world.gangs.find((gang) => gang.crew === crew && gang.part.role === 'work' && !gang.isOver);
  const hot = work === undefined ? warm : pool.length;
  const share = work === undefined ? Math.min(0.97, crew.working / Math.max(1, hot)) : 0.75;
  const usualMs = work?.part.queryMs ?? habit.queryMs;
  for (let index = 0; index < hot; index++) {
    const live = pool[index];
    if (live?.role === 'usual' && live.behind === null) use(world, live, { share, queryMs: usualMs, dt });
  }
  for (const gang of world.gangs) {
    if (gang.crew !== crew) continue;
    const { role, queryMs } = gang.part;
    // What a pool holds over its need is cold where it uses the last returned first, and used in turn elsewhere.
    const seldom = habit.order === 'lifo' ? 0 : crew.working / Math.max(1, crew.count);
    const shareOf = { work: 0.8, batch: 0.95, successor: share, storm: 0.5, excess: seldom } as const;
    for (const live of gang.live) {
      const own = live.role === 'excess' ? 'excess' : role;
      if (own in shareOf) use(world, live, { share: shareOf[own as keyof typeof shareOf], queryMs, dt });
    }
  }
}

interface Use {
  /** How much of the time it works. */
  readonly share: number;
  readonly queryMs: number;
  readonly dt: number;
}

function use(world: World, live: Live, { share, queryMs, dt }: Use): void {
  const { dice, now } = world;
  const idleMs = share <= 0 ? 30 * DAY : (queryMs * (1 - share)) / share;
  const changes = 1 - Math.exp(-dt / (live.state === 'idle' ? idleMs : queryMs));
  if (!dice.happens(changes)) return;
  const works = dice.happens(share);
  const age = now - live.bornAt;
  const ago = Math.max(0, Math.min(dice.waiting(works ? queryMs : idleMs), dt, age - 1));
  live.uses++;
  live.since = now - ago;
  live.queryAt = live.since;
  if (!works) {
    rest(live, live.since);
    live.queryAt = live.since - Math.min(age - ago, dice.waiting(Math.min(queryMs, 2_000)));
    return;
  }
  const { habit, usualAt } = live.crew.consumer;
  const level = usualAt(world.stranger.crossedAt);
  const isOpen = dice.happens(level.open / Math.max(0.001, level.open + level.busy));
  live.state = isOpen ? 'idle-in-transaction' : 'active';
  live.transactionAt = Math.max(live.bornAt, live.queryAt - (isOpen ? dice.between(0, 2) * habit.transactionMs : 0));
  live.hasWritten = dice.happens(habit.writes);
  if (isOpen && habit.transactionMs < queryMs) live.since = now - Math.min(ago, dice.waiting(habit.transactionMs));
}

/** Pools replace connections that are too old, and short-lived ones make room for the next. */
function renew(world: World, crew: Crew, dt: number): void {
  const { lifetimeMs, shortLivedMs } = crew.consumer.habit;
  if (lifetimeMs === null && shortLivedMs === null) return;
  for (const old of [...crew.pool]) {
    const isDue =
      shortLivedMs === null
        ? world.now - old.bornAt > (lifetimeMs ?? Infinity)
        : !world.dice.happens(Math.exp(-dt / shortLivedMs));
    if (!isDue || old.state === 'idle-in-transaction') continue;
    leave(world, old);
    const bornAt = world.now - world.dice.between(0, Math.min(dt, shortLivedMs ?? dt));
    crew.pool.push(open(world, { crew, gang: null, role: 'usual', bornAt }));
  }
}

/** Cancels the query of a session. Who runs away with a query leaves when it fails; a pool keeps its session. */
export function cancelQuery(world: World, id: number): boolean {
  const live = world.sessions.get(id);
  if (live === undefined) return false;
  if (live.role === 'runaway' || live.role === 'root' || live.role === 'batch') return endSession(world, id);
  live.behind = null;
  rest(live, world.now);
  return true;
}
