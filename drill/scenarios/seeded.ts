import { rollDice, type Dice } from '../loads/dice.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { BYSTANDERS, OTHER_NAMES } from './names.ts';

/** How far a seed may go from what is written, in times of it; ripening in milliseconds on top. */
export const BOUNDS = {
  slots: { from: 0.8, to: 1.3 },
  crowd: { from: 0.9, to: 1.1 },
  instances: { from: 0.7, to: 1.4 },
  pace: { from: 0.75, to: 1.3 },
  ripenMs: { from: 0, to: 600 },
} as const;

/** The scenario as it is written. */
export const AS_WRITTEN = 1;
/** So few sessions are a deliberate number. */
const A_FEW = 3;
/** Of the slots, bystanders take no more than this share. */
const BYSTANDERS_SHARE = 0.1;

/**
 * The scenario as a seed has it: other counts, names and timings, within `BOUNDS`, and a few sessions that have nothing
 * to do with it. Depends on the scenario's own name and the seed alone. What it expects stays: it must hold for every
 * seed.
 */
export function seeded(scenario: Scenario, seed: number): Scenario {
  if (seed === AS_WRITTEN) return scenario;
  const dice = rollDice(hashOf(`${scenario.name} ${seed}`));
  const names = pickNames(dice);
  const rename = (name: string) => names.get(name) ?? name;
  const scale = roll(dice, 'slots');
  const { server, policy, pools, limitableUsers, ripenMs } = scenario;
  const reserves = server.superuserReserved + server.reserved;
  const usable = Math.round((server.maxConnections - reserves) * scale);
  const vary = (load: LoadInput) => varyLoad(load, scale, rename, dice);
  const loads = scenario.loads.map(vary);
  return {
    ...scenario,
    server: { ...server, maxConnections: usable + reserves },
    policy: {
      ...policy,
      ...(policy.protect?.users && { protect: { ...policy.protect, users: policy.protect.users.map(rename) } }),
    },
    loads: [...standBy(dice, Math.floor(usable * BYSTANDERS_SHARE)), ...loads],
    ...(pools && { pools: pools.map((pool) => fitPool({ ...pool, name: rename(pool.name) }, loads)) }),
    ...(limitableUsers && { limitableUsers: limitableUsers.map(rename) }),
    ripenMs: ripenMs + Math.round(roll(dice, 'ripenMs')),
  };
}

function roll(dice: Dice, what: keyof typeof BOUNDS): number {
  return dice.between(BOUNDS[what].from, BOUNDS[what].to);
}

function pickNames(dice: Dice): ReadonlyMap<string, string> {
  return new Map(Object.entries(OTHER_NAMES).map(([name, others]) => [name, dice.pick([name, ...others])]));
}

function varyLoad(load: LoadInput, scale: number, rename: (name: string) => string, dice: Dice): LoadInput {
  const { connectionLimit, everyMs, keepMs, retryMs, leaveAfterAlarmMs } = load;
  const atPace = (ms: number) => Math.round(ms * roll(dice, 'pace'));
  return {
    ...load,
    user: rename(load.user),
    application: rename(load.application),
    ...varyCrowd(load, scale, dice),
    ...(connectionLimit !== undefined && { connectionLimit: Math.round(connectionLimit * scale) }),
    ...(everyMs !== undefined && { everyMs: atPace(everyMs) }),
    ...(keepMs !== undefined && { keepMs: atPace(keepMs) }),
    ...(retryMs !== undefined && { retryMs: atPace(retryMs) }),
    ...(leaveAfterAlarmMs !== undefined && { leaveAfterAlarmMs: atPace(leaveAfterAlarmMs) }),
  };
}

/** As many as fit the server; instances have equally many. */
function varyCrowd(
  { sessions, instances = 1 }: LoadInput,
  scale: number,
  dice: Dice,
): Pick<LoadInput, 'sessions' | 'instances'> {
  const many = instances === 1 ? 1 : Math.max(2, Math.round(instances * roll(dice, 'instances')));
  if (sessions === 'until-refused') return { sessions, instances: many };
  if (sessions <= A_FEW) return { sessions, instances };
  const each = Math.ceil((sessions * scale * roll(dice, 'crowd')) / many);
  return { sessions: each * many, instances: many };
}

/** A pool is described as its load has it. */
function fitPool(pool: NonNullable<Scenario['pools']>[number], loads: readonly LoadInput[]) {
  const load = loads.find(({ application }) => application === pool.name);
  if (load?.instances === undefined || load.sessions === 'until-refused') return pool;
  return { ...pool, instances: load.instances, size: load.sessions / load.instances };
}

/** They are innocent and must not be touched. */
function standBy(dice: Dice, most: number): LoadInput[] {
  const consoles = dice.whole(0, Math.min(2, most));
  const busy = dice.whole(0, Math.max(0, Math.min(4, most - consoles)));
  const [console, service] = [dice.pick(BYSTANDERS.consoles), dice.pick(BYSTANDERS.services)];
  const loads: LoadInput[] = [
    {
      name: 'a console left open',
      behaviour: 'quiet-sessions',
      user: 'colleague',
      application: console,
      label: 'innocent',
      sessions: consoles,
    },
    {
      name: 'another service',
      behaviour: 'healthy-pool',
      user: service,
      application: `${service}-service`,
      label: 'innocent',
      sessions: busy,
    },
  ];
  return loads.filter(({ sessions }) => sessions !== 0);
}

/** FNV-1a: two texts almost surely differ in it. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
