import { makeProfile, makeSamples } from '../../bench/strangers/world/history.ts';
import { takeSnapshot } from '../../bench/strangers/world/look.ts';
import { makeStranger, RELIEF_PERCENT, TRIGGER_PERCENT } from '../../bench/strangers/world/stranger.ts';
import { advance, openWorld, type World } from '../../bench/strangers/world/world.ts';
import { consumerOf, userOf } from '../../functions/core/server/consumer.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { isRefusedAsFull, type Snapshot } from '../../functions/core/server/snapshot.ts';
import { STATES, type Incident, type Question, type SessionRow } from '../format.ts';
import { labelsOf } from './labels.ts';
import { sumUp } from './profile.ts';

/** Between two looks: as long as pt-kill waits if nothing else is said. */
const LOOK_MS = 30_000;
const LOOKS = 2;

/** One of the incidents that a generated server may have; see `choose.ts`. */
export interface Chosen {
  readonly id: string;
  readonly seed: number;
  readonly kind: string;
  readonly hasHistory: boolean;
}

/** The same seed makes the same incident. */
export function makeIncident({ id, seed, kind, hasHistory }: Chosen): Incident {
  const { world, snapshots } = lookAt(seed);
  const question = writeDown({ id, world, snapshots, hasHistory });
  return { ...question, labels: labelsOf(world, kind, question) };
}

/** The server of a seed at its last look, and what every look has shown. */
export function lookAt(seed: number): { readonly world: World; readonly snapshots: readonly Snapshot[] } {
  const stranger = makeStranger(seed);
  const world = openWorld(stranger);
  const snapshots: Snapshot[] = [];
  for (let look = 0; look < LOOKS; look++) {
    advance(world, stranger.alarmAt + look * LOOK_MS);
    snapshots.push(takeSnapshot(world));
  }
  return { world, snapshots };
}

interface Seen {
  readonly id: string;
  readonly world: World;
  readonly snapshots: readonly Snapshot[];
  readonly hasHistory: boolean;
}

function writeDown({ id, world, snapshots, hasHistory }: Seen): Question {
  const { stranger } = world;
  const consumers = listOf<Incident['consumers'][number]>();
  const logins = listOf<Incident['logins'][number]>();
  const statements = listOf<Incident['statements'][number]>();
  const rowOf = (session: Session): SessionRow => {
    const { user, application, client, database, statement } = session;
    const consumer = consumers.indexOf({ name: consumerOf(session), user: userOf(session) });
    const login = { user: user ?? '', application, client: client ?? '', database: database ?? '', consumer };
    const { verb, text } = statement ?? { verb: '', text: '' };
    return writeSession(session, logins.indexOf(login), statements.indexOf({ verb, text: text ?? '' }));
  };
  const seen = snapshots.map((snapshot): Incident['snapshots'][number] => ({
    atMs: snapshot.at,
    used: snapshot.used,
    admitsClients: !isRefusedAsFull(snapshot.canary),
    opened: snapshot.activity.sessionsOpened ?? 0,
    refused: snapshot.activity.loginsRefused,
    sessions: snapshot.sessions.map(rowOf),
  }));
  const { at, limits, server } = snapshots.at(-1) ?? takeSnapshot(world);
  const history = () => ({
    quarters: makeProfile(stranger, at),
    samples: makeSamples(stranger, at),
    at,
  });
  const profile = hasHistory ? sumUp(history(), ({ name, user }) => consumers.indexOf({ name, user })) : null;
  return {
    format: 1,
    id,
    engine: stranger.engine,
    version: server.version,
    limits: { usable: limits.usable, max: limits.maxConnections, reserved: [...limits.reserves] },
    policy: { triggerPercent: TRIGGER_PERCENT, reliefPercent: RELIEF_PERCENT },
    consumers: consumers.items,
    logins: logins.items,
    statements: statements.items,
    snapshots: seen,
    profile,
  };
}

/** What is not so, or not known, is left out: most of it, of most sessions. */
function writeSession(session: Session, login: number, statement: number): SessionRow {
  const { connectedMs, transactionMs, lockWaitMs, blockedBy, holds, kind } = session;
  const state = STATES.find((each) => each === session.state);
  if (state === undefined) throw new Error(`the format has no state ${session.state}`);
  return {
    id: session.identity.id,
    login,
    state,
    ...(connectedMs !== null && { connectedMs }),
    stateMs: session.stateMs ?? 0,
    // MySQL and MariaDB do not show when the last query of an idle session began.
    ...(state !== 'idle' && { queryMs: session.queryMs ?? 0 }),
    ...(transactionMs !== null && { transactionMs }),
    ...(session.hasWritten && { hasWritten: true }),
    ...(lockWaitMs !== null && { lockWaitMs }),
    ...(blockedBy.length > 0 && { blockedBy: [...blockedBy] }),
    ...(holds.length > 0 && { holds: [...holds] }),
    ...(kind === 'replication' && { kind }),
    ...(session.superuser && { superuser: true }),
    // Most run the first of the list.
    ...(statement > 0 && { statement }),
  };
}

interface List<T> {
  readonly items: T[];
  readonly indexOf: (item: T) => number;
}

/** Every item once, told by its position. */
function listOf<T>(): List<T> {
  const items: T[] = [];
  const known = new Map<string, number>();
  return {
    items,
    indexOf(item) {
      const key = JSON.stringify(item);
      let index = known.get(key);
      if (index === undefined) {
        index = items.push(item) - 1;
        known.set(key, index);
      }
      return index;
    },
  };
}
