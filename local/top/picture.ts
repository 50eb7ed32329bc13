import * as z from 'zod/mini';
import { slotsNeeded } from '../../functions/core/plan/budget.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { consumerOf } from '../../functions/core/server/consumer.ts';
import { countKinds, kindOf } from '../../functions/core/server/consumer-count.ts';
import {
  ENGINE_NAMES,
  clientsOf,
  slotsTaken,
  usagePercent,
  type Snapshot,
} from '../../functions/core/server/snapshot.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { findUsual, type Before } from '../../functions/core/usual/find-usual.ts';
import type { Usual } from '../../functions/core/usual/usual.ts';
import { lockTree, notASession } from './lock-tree.ts';

const count = z.int().check(z.minimum(0));
/** Names are printable and bounded; of a statement there is its first word alone. */
const session = z.object({
  id: z.int(),
  consumer: z.string(),
  state: z.string(),
  /** How long it has been in that state, null where unknown. */
  ms: z.nullable(z.number()),
  verb: z.string(),
});

const consumer = z.object({
  name: z.string(),
  /** What all of its sessions have, to name them by; null where they differ. */
  user: z.nullable(z.string()),
  application: z.nullable(z.string()),
  idle: count,
  open: count,
  busy: count,
  /** The most that is usual at this hour; null where nothing tells. */
  usual: z.nullable(count),
});

/** How many of a list a picture keeps: more than any terminal has lines. */
const MOST = 100;

const look = z.object({
  /** When it was asked, epoch milliseconds by this machine's clock, and how long that took. */
  at: z.number(),
  tookMs: z.number(),
  target: z.string(),
});

const seen = z.extend(look, {
  result: z.literal('seen'),
  engine: z.enum(ENGINE_NAMES),
  version: z.string(),
  used: z.int(),
  usable: count,
  /** Of usable slots. */
  usagePercent: z.number(),
  idle: count,
  open: count,
  busy: count,
  /** Sessions that wait for a lock. */
  waiting: count,
  halfOpen: count,
  /** Logins that the server has refused since the first look; null where it does not count them. */
  refused: z.nullable(count),
  /** No slot is left for an ordinary client. */
  isFull: z.boolean(),
  /** From where `usual` is known. */
  basis: z.enum(['profile', 'samples', 'arrivals', 'none']),
  consumers: z.array(consumer).check(z.maxLength(MOST)),
  locks: z.array(z.extend(session, { depth: count, behind: count })).check(z.maxLength(MOST)),
  longest: z.array(session).check(z.maxLength(MOST)),
});

/** Nobody let us look, and why. */
const unseen = z.extend(look, { result: z.literal('unseen'), why: z.string() });

export const picture = z.discriminatedUnion('result', [seen, unseen]);
/** Who holds the slots of a target at one moment, as `headroom top` shows and records it. */
export type Picture = z.infer<typeof picture>;
export type Seen = z.infer<typeof seen>;
export type ConsumerRow = z.infer<typeof consumer>;

/** When a look was taken, and of which target. */
export type Look = z.infer<typeof look>;

export interface Known {
  /** What is on record of the time before. */
  readonly before: Before;
  readonly triggerPercent: number;
  readonly reliefPercent: number;
  /** Logins refused at the first look, by the server's own count; null before that, or where it does not count. */
  readonly refusedBefore: number | null;
}

const NAME_LENGTH = 63;
const MOST_LONGEST = 20;

/** Pure; linear in sessions but for sorting. */
export function drawPicture(snapshot: Snapshot, taken: Look, known: Known): Seen {
  const clients = clientsOf(snapshot);
  const used = slotsTaken(snapshot);
  const { usable } = snapshot.limits;
  const need = slotsNeeded(snapshot, known);
  const { triggerPercent } = known;
  const usual = findUsual(known.before, { at: taken.at, used, need, triggerPercent, clients });
  const refusedNow = snapshot.activity.loginsRefused;
  return {
    ...taken,
    result: 'seen',
    engine: snapshot.server.engine,
    version: printable(snapshot.server.version, 20),
    used,
    usable,
    usagePercent: usagePercent(snapshot),
    ...countKinds(clients),
    waiting: clients.filter(({ blockedBy }) => blockedBy.length > 0).length,
    halfOpen: snapshot.halfOpen.count,
    refused: refusedNow === null ? null : Math.max(0, refusedNow - (known.refusedBefore ?? refusedNow)),
    isFull: used >= usable,
    basis: usual.basis,
    consumers: consumersOf(clients, usual),
    locks: lockTree(snapshot.sessions)
      .slice(0, MOST)
      .map(({ id, session: one, depth, behind }) => ({
        ...(one === null ? { id, consumer: notASession(id) ?? '?', state: '', ms: null, verb: '' } : rowOf(one)),
        depth,
        behind,
      })),
    longest: longestOf(clients),
  };
}

function consumersOf(clients: readonly Session[], usual: Usual): ConsumerRow[] {
  const groups = [...Map.groupBy(clients, consumerOf)];
  return groups
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .slice(0, MOST)
    .map(([name, sessions]) => ({
      name: printable(name, NAME_LENGTH),
      user: onlyOne(sessions.map(({ user }) => user ?? '')),
      application: onlyOne(sessions.map(({ application }) => application)),
      ...countKinds(sessions),
      usual: usual.basis === 'none' ? null : Math.ceil(usual.consumers[name]?.all ?? usual.unnamed),
    }));
}

/** A name that stands for itself and for nothing else: none with a wildcard, or that does not print as it is. */
function onlyOne(names: readonly string[]): string | null {
  const [name = '', ...others] = new Set(names);
  return others.length > 0 || name === '' || /\*$/.test(name) || printable(name, NAME_LENGTH) !== name ? null : name;
}

function rowOf(one: Session): Seen['longest'][number] {
  return {
    id: one.identity.id,
    consumer: printable(consumerOf(one), NAME_LENGTH),
    state: one.state,
    ms: one.lockWaitMs ?? (kindOf(one.state) === 'idle' ? one.stateMs : longestMs(one)),
    verb: printable(one.statement?.verb ?? '', 20),
  };
}

function longestOf(clients: readonly Session[]): Seen['longest'] {
  return clients
    .flatMap((one) => {
      const ms = kindOf(one.state) === 'idle' ? null : longestMs(one);
      return ms === null ? [] : [{ ...rowOf(one), ms }];
    })
    .sort((a, b) => b.ms - a.ms || a.id - b.id)
    .slice(0, MOST_LONGEST);
}

/** The age of its transaction, or of its query where that is older. */
function longestMs({ transactionMs, queryMs, state }: Session): number | null {
  const query = state === 'active' ? queryMs : null;
  return transactionMs === null || query === null ? (transactionMs ?? query) : Math.max(transactionMs, query);
}
