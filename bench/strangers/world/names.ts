import type { Dice } from '../../../drill/loads/dice.ts';

/** Whom a session belongs to, as the server shows it. */
export interface Who {
  readonly user: string;
  readonly application: string;
  readonly client: string;
  readonly database: string;
}

/** Gives the n-th client of a consumer at a time (epoch milliseconds): deploys change the names of its processes. */
export type Faces = (index: number, at: number) => Who;

/** How a consumer names itself. */
type NameStyle = 'plain' | 'instance' | 'pod' | 'none' | 'process' | 'credential';

const NOUNS = [
  'checkout',
  'orders',
  'billing',
  'catalog',
  'search',
  'pricing',
  'inventory',
  'shipping',
  'payments',
  'profiles',
  'reviews',
  'tracking',
  'invoices',
  'sessions',
  'loyalty',
  'ledger',
  'mailer',
  'gateway',
  'content',
  'tickets',
  'bookings',
  'returns',
  'warehouse',
  'vouchers',
  'accounts',
  'media',
  'alerts',
  'quotes',
  'partners',
  'stock',
] as const;
const ENDINGS = ['', '-api', '-service', '-web', '-worker', '_app', '-backend', '.core', '-svc'] as const;
/** What pods get: no vowels, so that no words come out. */
const POD_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const HEX = '0123456789abcdef';
const MIXED = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Names that no other consumer of the same server has. */
export interface NameBook {
  readonly dice: Dice;
  readonly taken: Set<string>;
  readonly databases: readonly [string, ...string[]];
}

export function openNameBook(dice: Dice): NameBook {
  const databases: [string, ...string[]] = [dice.pick(['shop', 'app', 'main', 'prod', 'core'] as const)];
  if (dice.happens(0.4)) databases.push(dice.pick(['reporting', 'audit', 'tenants', 'legacy'] as const));
  return { dice, taken: new Set(), databases };
}

export function freshName({ dice, taken }: NameBook): string {
  for (;;) {
    const name = `${dice.pick(NOUNS)}${dice.pick(ENDINGS)}${taken.size > 25 ? dice.whole(1, 99) : ''}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

export interface FacesWanted {
  readonly style?: NameStyle;
  readonly user?: string;
  readonly application?: string;
  /** How many processes share the sessions. */
  readonly processes: number;
  readonly now: number;
  /** How long its processes have been up at least. */
  readonly leastUpMs?: number;
}

/** A consumer's name for people, its clients, and how long its processes have been up. */
export interface Named {
  readonly name: string;
  readonly faces: Faces;
  readonly upMs: number;
}

/** Makes the clients of one consumer. Pods change their names with each deploy, everybody else keeps them. */
export function makeFaces(book: NameBook, wanted: FacesWanted): Named {
  const { dice } = book;
  const name = wanted.application ?? freshName(book);
  const user = wanted.user ?? (dice.happens(0.6) ? name.replace(/[-._].*$/, '') : `${name.replace(/\W/g, '_')}_rw`);
  const database = dice.pick(book.databases);
  const style = wanted.style ?? pickStyle(dice);
  const network = `10.${dice.whole(0, 250)}.${dice.whole(0, 250)}`;
  const { now, leastUpMs = 0 } = wanted;
  const deployEvery = leastUpMs + dice.between(4, 300) * 3_600_000;
  const upMs = dice.between(leastUpMs, deployEvery);
  const salt = dice.whole(0, 1_000_000);
  const changes = style === 'pod' || style === 'credential';
  const known = new Map<string, Who>();
  const faces: Faces = (index, at) => {
    const process = index % Math.max(1, wanted.processes);
    const generation = changes ? Math.floor((at - now + upMs) / deployEvery) : 0;
    const key = `${process}/${generation}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const host = style === 'pod' ? (salt + 977 * generation + 13 * process) % 250 : process % 250;
    const who: Who = {
      user: style === 'credential' ? `v-k8s-${user}-${scramble(salt + 977 * generation, 12, MIXED)}` : user,
      application: applicationOf({ name, style, process, salt, generation }),
      client: `${network}.${2 + host}`,
      database,
    };
    known.set(key, who);
    return who;
  };
  return { name: style === 'none' ? `${user} without a name (${network})` : name, faces, upMs };
}

function pickStyle(dice: Dice): NameStyle {
  return dice.pick([
    'plain',
    'plain',
    'plain',
    'instance',
    'instance',
    'pod',
    'pod',
    'none',
    'process',
    'credential',
  ] as const);
}

interface Process {
  readonly name: string;
  readonly style: NameStyle;
  readonly process: number;
  readonly salt: number;
  readonly generation: number;
}

function applicationOf({ name, style, process, salt, generation }: Process): string {
  switch (style) {
    case 'plain':
    case 'credential':
      return name;
    case 'none':
      return '';
    case 'instance':
      return `${name}-${process + 1}`;
    case 'process':
      return `${name}:${scramble(salt + process, 5, '123456789')}@${name.slice(0, 3)}-host${process + 1}`;
    case 'pod': {
      const replicaSet = scramble(salt + 31 * generation, 10, HEX);
      return `${name}-${replicaSet}-${scramble(salt + 97 * generation + 7_919 * (process + 1), 5, POD_LETTERS)}`;
    }
  }
}

/** Letters that look random and are always the same for one number. */
function scramble(from: number, length: number, letters: string): string {
  let state = Math.imul(from + 1, 0x9e3779b1) >>> 0;
  let text = '';
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5) >>> 0;
    text += letters[(state >>> 8) % letters.length] ?? '';
  }
  return text;
}
