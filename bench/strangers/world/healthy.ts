import type { Dice } from '../../../drill/loads/dice.ts';
import { beat, logBetween, HOUR, hourOf, MINUTE, NOBODY, ORDINARY, rollRhythm, SECOND } from './consumer.ts';
import type { Consumer, Habit, Level } from './consumer.ts';
import { freshName, makeFaces, type FacesWanted, type NameBook } from './names.ts';

/** What a healthy consumer is made with. */
export interface Mill {
  readonly book: NameBook;
  readonly dice: Dice;
  readonly now: number;
}

type Maker = (mill: Mill, size: number) => Consumer;

interface Shape {
  readonly kind: string;
  readonly habit: Partial<Habit>;
  readonly usualAt: (at: number) => Level;
  readonly processes: number;
  readonly named?: Partial<FacesWanted>;
}

function make({ book, now }: Mill, { kind, habit, usualAt, processes, named }: Shape): Consumer {
  const { name, faces, upMs } = makeFaces(book, { processes, now, ...named });
  return {
    name,
    kind,
    faces,
    habit: { ...ORDINARY, ...habit },
    usualAt,
    upMs,
    isProtected: false,
    as: 'client',
  };
}

/** A pool of a fixed size; `busyShare` of it works at the peak. */
function fixedPool(mill: Mill, size: number, busyShare: number): (at: number) => Level {
  const rhythm = rollRhythm(mill.dice);
  return (at) => ({
    total: size,
    busy: Math.min(size, size * busyShare * beat(rhythm, at)),
    open: 0,
    opensPerMinute: size / 600,
  });
}

const recycling = (dice: Dice): number | null =>
  dice.pick([null, null, 30 * MINUTE, 30 * MINUTE, 60 * MINUTE] as const);
const processesOf = (dice: Dice, size: number): number => dice.whole(1, Math.max(1, Math.ceil(size / 8)));

const busyPool: Maker = (mill, size) => {
  const { dice } = mill;
  return make(mill, {
    kind: 'busy pool',
    processes: processesOf(dice, size),
    habit: { queryMs: dice.between(5, 400), lifetimeMs: recycling(dice), order: dice.pick(['lifo', 'fifo'] as const) },
    usualAt: fixedPool(mill, size, dice.between(0.2, 0.6)),
  });
};

/** The one that age rules go for: many sessions, hardly any of them ever used. */
const oversizedPool: Maker = (mill, size) => {
  const { dice } = mill;
  const order = dice.pick(['lifo', 'lifo', 'fifo'] as const);
  return make(mill, {
    kind: `oversized pool, ${order}`,
    processes: processesOf(dice, size),
    habit: { order, queryMs: dice.between(3, 200), lifetimeMs: recycling(dice) },
    usualAt: fixedPool(mill, size, logBetween(dice, 0.00002, 0.06)),
  });
};

const cronBursts: Maker = (mill, size) => {
  const { dice } = mill;
  const every = dice.pick([5, 10, 15, 30, 60] as const) * MINUTE;
  const lasts = Math.min(every / 3, dice.between(10, 240) * SECOND);
  const offset = dice.between(0, every);
  const made = make(mill, {
    kind: 'cron bursts',
    processes: 1,
    habit: { queryMs: lasts / 2, refill: 'needed', shortLivedMs: lasts },
    usualAt: (at) =>
      (at + offset) % every < lasts
        ? { total: size, busy: 0.9 * size, open: 0, opensPerMinute: (size * MINUTE) / every }
        : NOBODY,
  });
  return { ...made, comesInBursts: true };
};

const nightlyBatch: Maker = (mill, size) => {
  const { dice } = mill;
  const begins = dice.between(0, 5);
  const lasts = dice.between(0.5, 4);
  return make(mill, {
    kind: 'nightly batch',
    processes: dice.whole(1, 3),
    named: { application: `${freshName(mill.book)}-${dice.pick(['nightly', 'etl', 'batch', 'sync'] as const)}` },
    habit: {
      queryMs: dice.between(0.5, 15) * MINUTE,
      refill: 'needed',
      statement: { verb: 'INSERT', text: 'INSERT INTO totals SELECT day, sum(amount) FROM lines GROUP BY day' },
    },
    usualAt: (at) => {
      const hour = hourOf(at);
      if (hour < begins || hour >= begins + lasts) return NOBODY;
      return { total: size, busy: 0.85 * size, open: 0.05 * size, opensPerMinute: size / 60 };
    },
  });
};

const serverless: Maker = (mill, size) => {
  const { dice } = mill;
  const rhythm = rollRhythm(dice);
  const lives = dice.between(1, 60) * SECOND;
  return make(mill, {
    kind: 'serverless',
    processes: 60,
    named: { style: dice.pick(['plain', 'none', 'process'] as const) },
    habit: { queryMs: lives / 4, refill: 'needed', shortLivedMs: lives },
    usualAt: (at) => {
      const total = (size / 1.8) * beat(rhythm, at);
      return { total, busy: 0.4 * total, open: 0.05 * total, opensPerMinute: (total * MINUTE) / lives };
    },
  });
};

/** A report in one transaction, every day at its hours, or a few workers that always hold one. */
const longTransactions: Maker = (mill, size) => {
  const { dice } = mill;
  const few = Math.max(1, Math.min(8, Math.round(size / 6)));
  const lasts = dice.between(0.5, 1.5);
  const begins = dice.happens(0.6) ? hourOf(mill.now) - dice.between(0.1, lasts) : dice.between(0, 23);
  const isAlways = dice.happens(0.3);
  return make(mill, {
    kind: 'long transactions that are fine',
    processes: 1,
    habit: {
      queryMs: dice.between(2, 120) * SECOND,
      transactionMs: lasts * HOUR,
      refill: 'needed',
      writes: 0.1,
      statement: { verb: 'SELECT', text: 'SELECT * FROM report_rows ORDER BY id LIMIT ?' },
    },
    usualAt: (at) => {
      const isOn = isAlways || (24 + hourOf(at) - begins) % 24 < lasts;
      return isOn ? { total: few, busy: few / 2, open: few / 2, opensPerMinute: few / 60 } : NOBODY;
    },
  });
};

const longQueries: Maker = (mill, size) => {
  const { dice } = mill;
  const few = Math.max(1, Math.min(20, Math.round(size / 3)));
  const rhythm = rollRhythm(dice);
  return make(mill, {
    kind: 'long queries that are usual',
    processes: dice.whole(1, 3),
    named: { style: dice.pick(['plain', 'none', 'instance'] as const) },
    habit: {
      queryMs: dice.between(2, 90) * MINUTE,
      refill: 'needed',
      writes: 0,
      statement: {
        verb: 'SELECT',
        text: 'SELECT region, sum(amount) FROM facts JOIN days USING (day) GROUP BY region',
      },
    },
    usualAt: (at) => {
      const total = Math.max(1, few * beat(rhythm, at));
      return { total, busy: 0.8 * total, open: 0, opensPerMinute: total / 60 };
    },
  });
};

/** Grows with its load and gives back what it does not need after a while. */
const elasticPool: Maker = (mill, size) => {
  const { dice } = mill;
  const rhythm = rollRhythm(dice);
  return make(mill, {
    kind: 'elastic pool',
    processes: processesOf(dice, size),
    habit: { queryMs: dice.between(5, 300), refill: 'needed', order: dice.pick(['lifo', 'fifo'] as const) },
    usualAt: (at) => {
      const total = Math.max(2, (size / 1.8) * beat(rhythm, at));
      return { total, busy: 0.35 * total, open: 0.02 * total, opensPerMinute: total / 30 };
    },
  });
};

const KINDS: readonly (readonly [weight: number, maker: Maker])[] = [
  [4, busyPool],
  [5, oversizedPool],
  [2, cronBursts],
  [1.5, nightlyBatch],
  [2, serverless],
  [1.5, longTransactions],
  [1.5, longQueries],
  [3, elasticPool],
];

function pickMaker(dice: Dice): Maker {
  let left = dice.between(
    0,
    KINDS.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const [weight, maker] of KINDS) {
    left -= weight;
    if (left <= 0) return maker;
  }
  return busyPool;
}

/** A crowd of services with a session or a few each. */
function smallServices(mill: Mill, sessions: number): Consumer[] {
  const { dice } = mill;
  const user = dice.happens(0.5) ? 'services' : undefined;
  const made: Consumer[] = [];
  for (let left = sessions; left > 0 && made.length < 40;) {
    const size = Math.min(left, dice.whole(1, 4));
    left -= size;
    made.push(
      make(mill, {
        kind: 'small service',
        processes: dice.whole(1, 2),
        habit: { queryMs: dice.between(2, 100), order: 'fifo', lifetimeMs: recycling(dice) },
        usualAt: fixedPool(mill, size, logBetween(dice, 0.00002, 0.1)),
        ...(user !== undefined && { named: { user } }),
      }),
    );
  }
  return made;
}

/** Several applications that log in as one user. */
function sharedLogin(mill: Mill, sessions: number): Consumer[] {
  const { dice } = mill;
  const user = dice.pick(['app', 'web', 'rails', 'main', 'dbuser'] as const);
  const parts = dice.whole(2, 4);
  return Array.from({ length: parts }, () =>
    make(mill, {
      kind: 'shares its login',
      processes: dice.whole(1, 4),
      habit: {
        queryMs: dice.between(5, 200),
        lifetimeMs: recycling(dice),
        order: dice.pick(['lifo', 'fifo'] as const),
      },
      usualAt: fixedPool(mill, Math.max(1, Math.round(sessions / parts)), dice.between(0.01, 0.4)),
      named: { user },
    }),
  );
}

/** Those that nobody may end: a standby, an administrator, a backup. */
function protectedOnes(mill: Mill): Consumer[] {
  const { dice, book, now } = mill;
  const one = (application: string, user: string, as: Consumer['as']): Consumer => ({
    ...make(mill, {
      kind: `protected: ${application}`,
      processes: 1,
      habit: { queryMs: 6 * HOUR, refill: 'needed', statement: { verb: 'COPY', text: 'COPY items TO stdout' } },
      usualAt: () => ({ total: 1, busy: 1, open: 0, opensPerMinute: 0 }),
    }),
    ...makeFaces(book, { processes: 1, now, application, user, style: 'plain' }),
    isProtected: true,
    as,
  });
  return [
    ...(dice.happens(0.4) ? [one('walreceiver', 'replicator', 'replication')] : []),
    ...(dice.happens(0.3) ? [one('psql', 'postgres', 'superuser')] : []),
    ...(dice.happens(0.15) ? [one('pg_dump', 'backup', 'client')] : []),
  ];
}

/** Of the usable slots, what consumers take that come at other times. */
const ABSENT_SHARE = 0.12;

/** Most sessions of a consumer at any time of a day. */
function peakOf({ usualAt }: Consumer, now: number): number {
  const times = Array.from({ length: 720 }, (_, index) => now - 2 * MINUTE * index);
  return Math.max(...times.map((at) => usualAt(at).total));
}

/** All that use a server without any trouble, about `slots` sessions at this hour. */
export function everydayConsumers(mill: Mill, slots: number, usable: number): Consumer[] {
  const { dice, now } = mill;
  // What is not there now may come while somebody watches, as it does on every day.
  let absent = ABSENT_SHARE * usable;
  const consumers: Consumer[] = protectedOnes(mill);
  let left = slots - consumers.length;
  const add = (more: readonly Consumer[]) => {
    for (const each of more) left -= each.usualAt(now).total;
    consumers.push(...more);
  };
  if (dice.happens(0.4)) add(smallServices(mill, Math.round(left * dice.between(0.1, 0.3))));
  if (dice.happens(0.3)) add(sharedLogin(mill, Math.round(left * dice.between(0.2, 0.5))));
  for (let tries = 0; left > 1 && consumers.length < 60 && tries < 100; tries++) {
    const size = Math.max(1, Math.round(Math.min(left, slots * dice.between(0.05, 0.6))));
    const consumer = pickMaker(dice)(mill, size);
    const comes = consumer.usualAt(now).total < size / 2 ? peakOf(consumer, now) - consumer.usualAt(now).total : 0;
    if (comes > absent) continue;
    absent -= comes;
    add([consumer]);
  }
  // What is too much at this hour goes: a burst that happens to be on may have overshot.
  while (left < -0.1 * slots && consumers.length > 1) {
    const [last] = consumers.splice(-1);
    left += last?.usualAt(now).total ?? 0;
  }
  return consumers;
}

export const makers = { busyPool, oversizedPool, nightlyBatch, longQueries, elasticPool, serverless };
