import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import { TIER_NAMES, type TierName } from '../../functions/core/policy/tier-names.ts';
import { CLOSELY_SECONDS, staySecondsOf } from '../../functions/diagnose/conclude.ts';
import { isGoodSample } from '../../functions/diagnose/confirm-relief.ts';
import { SECOND } from './world/consumer.ts';
import {
  causeOf,
  chooseVictims,
  judge,
  LOOP,
  openMemory,
  POLICY,
  record,
  recordAct,
  watchesRelief,
  type Judged,
  type Memory,
} from './headroom.ts';
import { makeProfile, makeSamples } from './world/history.ts';
import { fewestEnds, labelOf, pageLabel, type Fewest, type Label, type PageLabel } from './world/labels.ts';
import { takeSnapshot } from './world/look.ts';
import { PEERS, type Choice, type Peer } from './peers.ts';
import { makeStranger, RELIEF_PERCENT, TRIGGER_PERCENT, type Stranger } from './world/stranger.ts';
import { advance, breatheAll, cancelQuery, endSession, openWorld, usageOf, type World } from './world/world.ts';

/** So long an incident is watched, and so long relief after it. */
const RUN_MS = 900 * SECOND;
const WATCH_MS = 300 * SECOND;
/** Good for so long, usage has come down. */
const STEADY_MS = 4 * SECOND;
/** A look and a decision take about this long. */
const LOOK_MS = SECOND;
/** How often a peer looks. */
const PEER_EVERY_MS = 30 * SECOND;

type Ends = Readonly<Record<Label, number>>;

/** What came of one incident in one decider's hands. */
export interface Outcome {
  readonly stranger: Stranger;
  readonly ends: Ends;
  /** The fewest that suffice at the alarm; null when the culprits do not. */
  readonly fewest: Fewest | null;
  /** Over the acts in which the culprits suffice: whom they end, and how many of these would have been enough. */
  readonly acted: { readonly ended: number; readonly enough: number };
  /** From the alarm until usage is under the trigger, with clients in, for some seconds; null: never. */
  readonly calmSeconds: number | null;
  /** The same to the relief level, where the culprits suffice for that. */
  readonly reliefSeconds: number | null;
  /** Usage was at the trigger once more after it had been under it for some seconds. */
  readonly hasRelapsed: boolean;
  /** Nobody was ended, nobody was paged, and usage is under the trigger in the end. */
  readonly cameToNothing: boolean;
  readonly cause: CauseName | null;
  readonly isPaged: boolean;
  readonly page: PageLabel;
}

/** Tells the story while it happens. */
export interface Listener {
  readonly begins?: (world: World, fewest: Fewest | null, page: PageLabel) => void;
  readonly looks?: (world: World, judged: Judged) => void;
  /** Whom an act ends, each with its label. */
  readonly ends?: (world: World, what: string, victims: readonly Told[]) => void;
  readonly over?: (world: World, outcome: Outcome) => void;
}

export interface Told {
  readonly consumer: string;
  readonly label: Label;
}

/** Something that must last for some seconds to count. */
interface Steady {
  since: number | null;
  /** When it began to last; null while it has not. */
  at: number | null;
}

/** One incident that is going on. */
interface Course {
  readonly world: World;
  readonly listener: Listener;
  readonly ends: Record<Label, number>;
  readonly fewest: Fewest | null;
  readonly acted: { ended: number; enough: number };
  hasActed: boolean;
  readonly calm: Steady;
  readonly relief: Steady;
  hasRelapsed: boolean;
  isPaged: boolean;
}

function begin(stranger: Stranger, listener: Listener): { readonly course: Course; readonly page: PageLabel } {
  const world = openWorld(stranger);
  advance(world, stranger.alarmAt);
  breatheAll(world);
  const fewest = fewestEnds(world);
  const page = pageLabel(world);
  listener.begins?.(world, fewest, page);
  const course: Course = {
    world,
    listener,
    ends: { culprit: 0, neighbour: 0, spare: 0, innocent: 0 },
    fewest,
    acted: { ended: 0, enough: 0 },
    hasActed: false,
    calm: { since: null, at: null },
    relief: { since: null, at: null },
    hasRelapsed: false,
    isPaged: false,
  };
  watch(course);
  return { course, page };
}

/** Lets time pass and keeps an eye on usage. */
function pass(course: Course, ms: number): void {
  const until = course.world.now + ms;
  while (course.world.now < until) {
    advance(course.world, Math.min(until, course.world.now + SECOND));
    watch(course);
  }
}

function watch(course: Course): void {
  const { world, calm, relief } = course;
  const usage = usageOf(world);
  if (calm.at !== null && usage >= TRIGGER_PERCENT) course.hasRelapsed = true;
  note(calm, usage < TRIGGER_PERCENT, world.now);
  // Where the culprits cannot bring it to the relief level, under the trigger is as good as it gets.
  note(relief, usage <= RELIEF_PERCENT || (course.hasActed && usage < TRIGGER_PERCENT), world.now);
}

function note(steady: Steady, isSo: boolean, now: number): void {
  if (steady.at !== null) return;
  steady.since = isSo ? (steady.since ?? now) : null;
  if (steady.since !== null && now - steady.since >= STEADY_MS) steady.at = steady.since;
}

function end(course: Course, what: string, choices: readonly Choice[]): void {
  if (choices.length === 0) return;
  const { world, listener, ends, acted } = course;
  course.hasActed = true;
  const fewest = fewestEnds(world);
  if (fewest !== null) {
    acted.ended += choices.length;
    acted.enough += Math.min(choices.length, fewest.ends);
  }
  // A deploy needs nobody's end: it is over in a minute.
  const mayTakeSpare = fewest === null && !world.gangs.some(({ part }) => part.role === 'successor');
  const told: Told[] = [];
  for (const { id, method } of choices) {
    const live = world.sessions.get(id);
    if (live === undefined) continue;
    const label = labelOf(world, live, mayTakeSpare);
    ends[label]++;
    told.push({ consumer: live.crew.consumer.name, label });
    if (method === 'cancel') cancelQuery(world, id);
    else endSession(world, id);
  }
  listener.ends?.(world, what, told);
}

function conclude(course: Course, page: PageLabel, cause: CauseName | null): Outcome {
  pass(course, WATCH_MS);
  const { world, ends, fewest, acted, calm, relief, hasRelapsed, isPaged } = course;
  const { stranger } = world;
  const secondsTo = ({ at }: Steady) => (at === null ? null : (at - stranger.alarmAt) / SECOND);
  const outcome: Outcome = {
    stranger,
    ends,
    fewest,
    acted,
    calmSeconds: secondsTo(calm),
    reliefSeconds: secondsTo(relief),
    hasRelapsed,
    cameToNothing: !course.hasActed && !isPaged && usageOf(world) < TRIGGER_PERCENT,
    cause,
    isPaged,
    page,
  };
  course.listener.over?.(world, outcome);
  return outcome;
}

/** Headroom's loop over one incident, as the workflow goes through it. */
export function runHeadroom(seed: number, withHistory: boolean, listener: Listener = {}): Outcome {
  const stranger = makeStranger(seed);
  const { course, page } = begin(stranger, listener);
  const { world } = course;
  const context = withHistory
    ? { samples: makeSamples(stranger, world.now), profile: makeProfile(stranger, world.now) }
    : {};
  let memory = openMemory(world.now, context);
  const until = world.now + RUN_MS;
  while (world.now < until) {
    if (goRound(course, memory)) continue;
    // An incident that was not needed closes at once; the next alarm opens another.
    if (course.hasActed || course.isPaged || !waitForAlarm(course, until)) break;
    memory = openMemory(world.now, context);
  }
  return conclude(course, page, causeOf(memory));
}

/** Lets time pass until usage is at the trigger again and somebody has seen it. False when that does not happen. */
function waitForAlarm(course: Course, until: number): boolean {
  const { world } = course;
  while (world.now < until) {
    pass(course, 30 * SECOND);
    if (usageOf(world) >= TRIGGER_PERCENT) return true;
  }
  return false;
}

/** One round. False when the incident is over. */
function goRound(course: Course, memory: Memory): boolean {
  const { world, listener } = course;
  pass(course, LOOK_MS);
  if (watchesRelief(memory, usageOf(world), world.now)) {
    pass(course, CLOSELY_SECONDS * SECOND);
    return true;
  }
  const snapshot = takeSnapshot(world);
  let judged = judge(snapshot, memory, world.now);
  for (let good = 1; judged.verdict.next === 'confirm' && good < LOOP.reliefSamples; good++) {
    pass(course, LOOP.reliefSpacingSeconds * SECOND);
    if (!isGoodSample(takeSnapshot(world), snapshot, POLICY))
      judged = { ...judged, verdict: { next: 'settle', why: 'not confirmed' } };
  }
  record(memory, judged, snapshot, world.now);
  listener.looks?.(world, judged);
  const { verdict } = judged;
  switch (verdict.next) {
    case 'close':
      return false;
    case 'confirm':
      if (verdict.outcome === 'not-needed') return false;
      pass(course, CLOSELY_SECONDS * SECOND);
      return true;
    case 'watch':
      pass(course, CLOSELY_SECONDS * SECOND);
      return true;
    case 'settle':
      pass(course, LOOP.settleSeconds * SECOND);
      return true;
    case 'ask':
      course.isPaged = true;
      return false;
    case 'escalate':
    case 'stay':
      course.isPaged = true;
      pass(course, staySecondsOf(verdict) * SECOND);
      return staySecondsOf(verdict) > 0;
    default:
      if (isTier(verdict.next)) act(course, memory, verdict.next);
      pass(course, LOOP.settleSeconds * SECOND);
      return true;
  }
}

function isTier(next: string): next is TierName {
  return (TIER_NAMES as readonly string[]).includes(next);
}

function act(course: Course, memory: Memory, tier: TierName): void {
  const { world } = course;
  pass(course, LOOK_MS);
  const plan = chooseVictims(tier, takeSnapshot(world), memory);
  if (plan === null) return;
  const startedAt = world.now;
  const choices = plan.victims.map(({ session, method }) => ({ id: session.identity.id, method }));
  end(course, tier, choices);
  pass(course, LOOK_MS);
  recordAct(memory, plan, startedAt, world.now);
}

/** A peer over the same incident: it looks every half minute and ends what its rules name while usage is high. */
export function runPeer(peer: Peer, seed: number, listener: Listener = {}): Outcome {
  const stranger = makeStranger(seed);
  const { course, page } = begin(stranger, listener);
  const { world } = course;
  const until = world.now + RUN_MS;
  while (world.now < until) {
    pass(course, LOOK_MS);
    if (usageOf(world) >= TRIGGER_PERCENT) end(course, peer.name, peer.choose(takeSnapshot(world)));
    pass(course, PEER_EVERY_MS);
  }
  return conclude(course, page, null);
}

export { PEERS };
