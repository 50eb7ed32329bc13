import { consumerOf, userOf } from '../../functions/core/server/consumer.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { isRefusedAsFull, type Snapshot } from '../../functions/core/server/snapshot.ts';
import { STATES, type Incident, type ProfileSummary, type Question, type SessionRow } from '../format.ts';

type Consumer = Incident['consumers'][number];

export interface Seen {
  readonly id: string;
  readonly policy: Incident['policy'];
  /** What every look has shown, without Headroom's own sessions. */
  readonly snapshots: readonly [Snapshot, ...Snapshot[]];
  /** Sums up what was usual, with an index for each consumer; null where nobody has watched. */
  readonly profileOf: ((indexOf: (consumer: Consumer) => number) => ProfileSummary) | null;
}

/** What was seen, in the format of the corpus: every name once. */
export function writeDown({ id, policy, snapshots, profileOf }: Seen): Question {
  const consumers = listOf<Consumer>();
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
  const [{ limits, server }] = snapshots;
  // It may name more consumers.
  const profile = profileOf === null ? null : profileOf(consumers.indexOf);
  return {
    format: 1,
    id,
    engine: server.engine,
    version: server.version,
    limits: { usable: limits.usable, max: limits.maxConnections, reserved: [...limits.reserves] },
    policy,
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
