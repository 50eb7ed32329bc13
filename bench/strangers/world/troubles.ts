import type { Dice } from '../../../drill/loads/dice.ts';
import type { CauseName } from '../../../functions/core/policy/cause-names.ts';
import {
  DAY,
  HOUR,
  logBetween,
  MINUTE,
  NOBODY,
  ORDINARY,
  SECOND,
  type Consumer,
  type Habit,
  type Level,
} from './consumer.ts';
import { makers, type Mill } from './healthy.ts';
import { makeFaces } from './names.ts';

/** What a session of a part does. See `world.ts`. */
export type Role =
  | 'leaked'
  | 'forgotten'
  | 'runaway'
  | 'storm'
  | 'root'
  | 'waiter'
  /** Opened by a pool that grew and seldom used. */
  | 'excess'
  /** Honest work. */
  | 'work'
  /** The new processes of a deploy, which take over from the old ones. */
  | 'successor'
  | 'batch';

/** Sessions of one consumer that come in addition to what it usually has. */
export interface Part {
  readonly consumer: Consumer;
  readonly role: Role;
  /** How many there are when usage crosses the trigger. */
  readonly atCrossing: number;
  /** They came evenly over this time before it, and go on coming as fast. */
  readonly spanMs: number;
  /** No more than so many are ever opened: the pool's size. Infinity: none. */
  readonly most: number;
  /** Those that are ended are opened again after this time; null: they are not. 0: at once. */
  readonly againMs: number | null;
  /** When it is over by itself, after the crossing; null: not while anybody watches. */
  readonly endsMs: number | null;
  /** Mean time of a query of honest work. */
  readonly queryMs: number;
}

export const TROUBLE_NAMES = [
  'leak',
  'forgotten transactions',
  'runaway queries',
  'lock pile-up',
  'reconnect storm',
  'scale-out of idle pools',
  'pools growing',
  'none: deploy',
  'none: scale-out that works',
  'none: traffic peak',
  'none: batch as every night',
] as const;
export type TroubleName = (typeof TROUBLE_NAMES)[number];

export interface Trouble {
  readonly name: TroubleName;
  /** What a person who knows the story would say; more than one where both are right. */
  readonly causes: readonly CauseName[];
  readonly words: string;
  readonly parts: readonly Part[];
}

type TroubleMaker = (mill: Mill, hosts: readonly Consumer[], slots: number) => Trouble;

const HARMLESS = { most: Infinity, againMs: null, endsMs: null, queryMs: 20 } as const;

/** An application that has never been here before. */
function newcomer(mill: Mill, kind: string, leastUpMs: number, habit: Partial<Habit> = {}): Consumer {
  const { book, dice, now } = mill;
  return {
    ...makeFaces(book, { processes: dice.whole(1, 6), now, leastUpMs }),
    kind,
    habit: { ...ORDINARY, ...habit },
    usualAt: () => NOBODY,
    isProtected: false,
    as: 'client',
  };
}

function hostAmong(mill: Mill, hosts: readonly Consumer[], wanted: (host: Consumer) => boolean): Consumer | null {
  const fitting = hosts.filter((host) => !host.isProtected && host.usualAt(mill.now).total >= 1 && wanted(host));
  const [first, ...others] = fitting;
  return first === undefined ? null : mill.dice.pick([first, ...others]);
}

const isPool = ({ habit }: Consumer): boolean =>
  habit.shortLivedMs === null && habit.queryMs < MINUTE && habit.transactionMs < MINUTE;

/** A pool whose processes have been up for that long: what they leak goes with them. */
const isPoolFor =
  (spanMs: number) =>
  (host: Consumer): boolean =>
    isPool(host) && host.upMs >= spanMs;

/** A new application, or one that has a healthy part. */
function culprit(mill: Mill, hosts: readonly Consumer[], kind: string, spanMs: number): Consumer {
  const host = mill.dice.happens(0.5) ? hostAmong(mill, hosts, isPoolFor(spanMs)) : null;
  return host ?? newcomer(mill, kind, spanMs);
}

/** The pool ends the growth for some; others grow until the server is full. */
function mostOf(dice: Dice, slots: number): number {
  return dice.happens(0.5) ? Infinity : Math.ceil(slots * dice.between(1, 1.6));
}

const leak: TroubleMaker = (mill, hosts, slots) => {
  const spanMs = logBetween(mill.dice, MINUTE, 7 * DAY);
  const consumer = culprit(mill, hosts, 'new application that leaks', spanMs);
  const part = {
    ...HARMLESS,
    consumer,
    role: 'leaked',
    atCrossing: slots,
    spanMs,
    most: mostOf(mill.dice, slots),
  } as const;
  return { name: 'leak', causes: ['connection-leak'], words: `${consumer.name} leaks connections`, parts: [part] };
};

const forgotten: TroubleMaker = (mill, hosts, slots) => {
  const spanMs = logBetween(mill.dice, MINUTE, DAY);
  const consumer = culprit(mill, hosts, 'new application that forgets transactions', spanMs);
  const most = mostOf(mill.dice, slots);
  return {
    name: 'forgotten transactions',
    causes: ['idle-in-transaction'],
    words: `${consumer.name} leaves transactions open`,
    parts: [{ ...HARMLESS, consumer, role: 'forgotten', atCrossing: slots, spanMs, most }],
  };
};

const runaway: TroubleMaker = (mill, hosts, slots) => {
  const { dice } = mill;
  const usual = dice.happens(0.7) ? hostAmong(mill, hosts, ({ kind }) => kind.startsWith('long queries')) : null;
  const statement = {
    verb: 'SELECT',
    text: 'SELECT a.id, count(*) FROM events a, events b WHERE a.day = b.day GROUP BY a.id',
  };
  const spanMs = logBetween(dice, 10 * SECOND, 10 * HOUR);
  const consumer =
    usual !== null && usual.upMs >= spanMs
      ? usual
      : newcomer(mill, 'new application with runaway queries', spanMs, { statement });
  const againMs = dice.happens(0.25) ? logBetween(dice, 20 * SECOND, 10 * MINUTE) : null;
  return {
    name: 'runaway queries',
    causes: ['long-queries'],
    words: `${consumer.name} runs queries that do not finish`,
    parts: [{ ...HARMLESS, consumer, role: 'runaway', atCrossing: slots, spanMs, most: mostOf(dice, slots), againMs }],
  };
};

const lockPileUp: TroubleMaker = (mill, hosts, slots) => {
  const { dice } = mill;
  const waiting = hostAmong(mill, hosts, isPool) ?? newcomer(mill, 'pool that waits for a lock', HOUR);
  const holder = dice.happens(0.5)
    ? newcomer(mill, 'holds a lock', HOUR, { statement: { verb: 'UPDATE', text: 'UPDATE accounts SET state = ?' } })
    : waiting;
  const spanMs = logBetween(dice, 20 * SECOND, 6 * MINUTE);
  const root = { ...HARMLESS, consumer: holder, role: 'root', atCrossing: 1, spanMs, most: 1 } as const;
  const endsMs = dice.happens(0.7) ? dice.between(5, 40) * SECOND : null;
  return {
    name: 'lock pile-up',
    causes: ['lock-contention'],
    words: `a session of ${holder.name} holds a lock, ${waiting.name} waits for it`,
    parts: [
      root,
      {
        ...HARMLESS,
        consumer: waiting,
        role: 'waiter',
        atCrossing: slots - 1,
        spanMs,
        most: mostOf(dice, slots),
        endsMs,
      },
    ],
  };
};

const storm: TroubleMaker = (mill, hosts, slots) => {
  const { dice } = mill;
  const consumer = hostAmong(mill, hosts, isPool) ?? newcomer(mill, 'storms', HOUR);
  const queryMs = logBetween(dice, 100, 5 * SECOND);
  return {
    name: 'reconnect storm',
    causes: ['connection-storm'],
    words: `${consumer.name} connects again and again without a pause`,
    parts: [
      {
        ...HARMLESS,
        consumer,
        role: 'storm',
        atCrossing: slots,
        spanMs: dice.between(3, 60) * SECOND,
        againMs: 0,
        queryMs,
      },
    ],
  };
};

function growth(mill: Mill, consumer: Consumer, slots: number, spanMs: number): Part {
  const againMs = consumer.habit.refill === 'all' && mill.dice.happens(0.4) ? mill.dice.between(1, 30) * SECOND : null;
  return { ...HARMLESS, consumer, role: 'excess', atCrossing: slots, spanMs, most: mostOf(mill.dice, slots), againMs };
}

const scaleOut: TroubleMaker = (mill, hosts, slots) => {
  const consumer = hostAmong(mill, hosts, isPool) ?? newcomer(mill, 'new pool, far too large', HOUR);
  const spanMs = logBetween(mill.dice, 10 * SECOND, 30 * MINUTE);
  return {
    name: 'scale-out of idle pools',
    causes: ['pool-oversubscription'],
    words: `${consumer.name} has more processes, each with a pool that it does not need`,
    parts: [growth(mill, consumer, slots, spanMs)],
  };
};

const poolsGrowing: TroubleMaker = (mill, hosts, slots) => {
  const { dice } = mill;
  const spanMs = logBetween(dice, HOUR, 5 * DAY);
  const pools = hosts.filter(
    (host) => !host.isProtected && isPoolFor(spanMs)(host) && host.usualAt(mill.now).total >= 5,
  );
  const growing = pools.slice(0, dice.whole(2, 5));
  while (growing.length < 2) growing.push(newcomer(mill, 'new pool', spanMs));
  return {
    name: 'pools growing',
    causes: ['pool-oversubscription'],
    words: `${growing.map(({ name }) => name).join(', ')} each hold some more than usual`,
    parts: growing.map((consumer) => growth(mill, consumer, Math.ceil(slots / growing.length), spanMs)),
  };
};

const deploy: TroubleMaker = (mill, hosts, slots) => {
  const consumer = hostAmong(mill, hosts, (host) => isPool(host) && host.usualAt(mill.now).total >= slots);
  // Where no pool is large enough, one comes along: half of the slots are its old processes, half its new ones.
  const deployed = consumer ?? makers.busyPool(mill, Math.ceil(slots / 2));
  const coming = consumer === null ? Math.floor(slots / 2) : slots;
  const spanMs = mill.dice.between(10, 60) * SECOND;
  const endsMs = mill.dice.between(30, 90) * SECOND;
  return {
    name: 'none: deploy',
    causes: [],
    words: `${deployed.name} is deployed: old and new processes overlap`,
    parts: [{ ...HARMLESS, consumer: deployed, role: 'successor', atCrossing: coming, spanMs, most: coming, endsMs }],
  };
};

function honestWork(mill: Mill, hosts: readonly Consumer[], slots: number, endsMs: number | null): Part {
  const { dice } = mill;
  const consumer = hostAmong(mill, hosts, isPool) ?? newcomer(mill, 'busy with honest work', HOUR);
  const spanMs = logBetween(dice, 20 * SECOND, HOUR);
  const most = Math.ceil(slots * dice.between(1, 1.4));
  return {
    ...HARMLESS,
    consumer,
    role: 'work',
    atCrossing: slots,
    spanMs,
    most,
    endsMs,
    queryMs: dice.between(20, 1_500),
  };
}

const scaleOutThatWorks: TroubleMaker = (mill, hosts, slots) => {
  const part = honestWork(mill, hosts, slots, null);
  return {
    name: 'none: scale-out that works',
    causes: ['limit-too-low'],
    words: `${part.consumer.name} has more processes, and all of them work`,
    parts: [part],
  };
};

const trafficPeak: TroubleMaker = (mill, hosts, slots) => {
  const part = honestWork(mill, hosts, slots, logBetween(mill.dice, 2 * MINUTE, HOUR));
  return {
    name: 'none: traffic peak',
    causes: ['limit-too-low'],
    words: `${part.consumer.name} has more to do than usual`,
    parts: [part],
  };
};

const batchAsEveryNight: TroubleMaker = (mill, _hosts, slots) => {
  const { dice, now } = mill;
  const spanMs = dice.between(10, 240) * SECOND;
  const begins = now - spanMs;
  const lasts = dice.between(0.5, 3) * HOUR;
  const batch = newcomer(mill, 'batch as every night', 14 * DAY, {
    statement: { verb: 'INSERT', text: 'INSERT INTO totals SELECT day, sum(amount) FROM lines GROUP BY day' },
  });
  const isOn = (at: number) => (at - begins + 30 * DAY) % DAY < lasts;
  const most = Math.ceil(slots * dice.between(1, 1.02));
  // Other nights end below the trigger, some of them just so: nothing is learned from a server that is over it.
  const phase = dice.between(0, 100);
  const levelAt = (at: number): Level => {
    const night = Math.floor((begins - at) / DAY);
    const total = slots * (0.86 + 0.11 * Math.sin(phase + 2.4 * night));
    return { total, busy: 0.9 * total, open: 0, opensPerMinute: total / 30 };
  };
  const consumer: Consumer = { ...batch, usualAt: (at) => (isOn(at) && at < begins ? levelAt(at) : NOBODY) };
  return {
    name: 'none: batch as every night',
    causes: ['limit-too-low', 'unclear'],
    words: `${consumer.name} runs as every night at this hour`,
    parts: [
      { ...HARMLESS, consumer, role: 'batch', atCrossing: slots, spanMs, most, endsMs: lasts, queryMs: 5 * MINUTE },
    ],
  };
};

const MAKERS: Readonly<Record<TroubleName, readonly [weight: number, maker: TroubleMaker]>> = {
  leak: [20, leak],
  'forgotten transactions': [12, forgotten],
  'runaway queries': [16, runaway],
  'lock pile-up': [10, lockPileUp],
  'reconnect storm': [6, storm],
  'scale-out of idle pools': [10, scaleOut],
  'pools growing': [6, poolsGrowing],
  'none: deploy': [5, deploy],
  'none: scale-out that works': [5, scaleOutThatWorks],
  'none: traffic peak': [6, trafficPeak],
  'none: batch as every night': [4, batchAsEveryNight],
};

export function pickTrouble(dice: Dice): TroubleName {
  let left = dice.between(
    0,
    TROUBLE_NAMES.reduce((sum, name) => sum + MAKERS[name][0], 0),
  );
  return TROUBLE_NAMES.find((name) => (left -= MAKERS[name][0]) <= 0) ?? 'leak';
}

export function makeTrouble(name: TroubleName, mill: Mill, hosts: readonly Consumer[], slots: number): Trouble {
  return MAKERS[name][1](mill, hosts, Math.max(2, slots));
}
