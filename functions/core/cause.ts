import type { CauseFinding } from './incident.ts';
import type { LockQueues } from './locks.ts';
import type { Policy } from './policy.ts';
import { protectionOf } from './protection.ts';
import { consumerOf, type Session } from './session.ts';
import { slotsTaken, type Snapshot } from './snapshot.ts';
import { TIER_NAMES, type TierName } from './tiers/names.ts';
import { printable } from './printable.ts';
import { inWords } from './tiers/tier.ts';

/** The causes that a single snapshot can tell apart, with the tier that deals with each. */
export const CAUSES = {
  'connection-leak': { first: 'kill-idle', words: 'a connection leak: sessions pile up idle and are not given back' },
  'idle-in-transaction': {
    first: 'end-idle-transactions',
    words: 'transactions left open: sessions idle in a transaction',
  },
  'lock-contention': { first: 'break-locks', words: 'lock contention: many sessions wait behind few' },
  'long-queries': { first: 'cancel-long', words: 'long-running queries hold the slots' },
  'half-open-connections': { first: null, words: 'half-open connections: slots are taken without a session' },
  'job-holding-on': { first: null, words: 'backups, migrations or replication hold the slots' },
  'connection-storm': { first: 'cap-consumer', words: 'a connection storm: most sessions have only just connected' },
  'pool-oversubscription': {
    first: 'kill-idle',
    words: 'pools that are too large together: many idle sessions, none idle for long',
  },
  'limit-too-low': {
    first: null,
    words: 'honest load: the slots are busy with short work, the limit is too low for it',
  },
  unclear: { first: null, words: 'no single cause stands out' },
} as const satisfies Record<string, { first: TierName | null; words: string }>;

export type CauseName = keyof typeof CAUSES;

/** Below this share of the taken slots nothing is called the cause. */
const LEAST_SHARE = 0.25;
const JUST_CONNECTED_MS = 10_000;

/** A session younger than this has only just connected; a policy that calls less than 10 s a long idle time means less here too. */
export function justConnectedMs({ ages }: Policy): number {
  return Math.min(JUST_CONNECTED_MS, ages.idleSeconds * 1000);
}

/**
 * Names what explains most of the taken slots. Confidence is the share of taken slots that the cause explains, between 0 and
 * 1; ties go to the cause that stands first in `CAUSES`. The evidence is what an engineer would look at, with numbers.
 */
export function findCause(snapshot: Snapshot, policy: Policy, locks: LockQueues): CauseFinding {
  const taken = Math.max(1, slotsTaken(snapshot));
  const clients = snapshot.sessions.filter((session) => session.kind === 'client' && !session.own);
  const shares = explain(snapshot, clients, policy, locks);
  let best: { name: CauseName; sessions: number; evidence: string[] } = { name: 'unclear', sessions: 0, evidence: [] };
  for (const candidate of shares) if (candidate.sessions > best.sessions) best = candidate;
  const share = Math.min(1, best.sessions / taken);
  const name = share >= LEAST_SHARE ? best.name : 'unclear';
  const confidence = Math.round(100 * (name === 'unclear' ? 1 - share : share)) / 100;
  return {
    name,
    confidence,
    evidence: [...(name === 'unclear' ? [] : best.evidence), ...commonEvidence(snapshot, clients)],
  };
}

/** Tiers in the order they go for this cause: the one that deals with it first, then by harm. */
export function tierOrderFor(cause: CauseFinding): TierName[] {
  const first = cause.name in CAUSES ? CAUSES[cause.name as CauseName].first : null;
  return [...TIER_NAMES].sort((a, b) => Number(b === first) - Number(a === first));
}

function explain(snapshot: Snapshot, clients: readonly Session[], policy: Policy, locks: LockQueues) {
  const { ages } = policy;
  const newMs = justConnectedMs(policy);
  const jobs = new Set(snapshot.sessions.filter((session) => isJob(session, policy)));
  const rest = clients.filter((session) => !jobs.has(session));
  const idle = rest.filter((session) => session.state === 'idle');
  const oldIdle = idle.filter((session) => (session.stateMs ?? 0) >= ages.idleSeconds * 1000);
  const inTransaction = rest.filter((session) => session.state.startsWith('idle-in-transaction'));
  const waiting = rest.filter((session) => session.blockedBy.length > 0);
  const active = rest.filter((session) => session.state === 'active' && session.blockedBy.length === 0);
  const long = active.filter((session) => (session.queryMs ?? 0) >= ages.querySeconds * 1000);
  const fresh = rest.filter((session) => session.connectedMs !== null && session.connectedMs < newMs);
  const short = active.filter((session) => (session.queryMs ?? 0) < ages.querySeconds * 1000);
  const leak = largestConsumer(oldIdle);
  return [
    {
      name: 'connection-leak' as const,
      sessions: leak.sessions.length,
      evidence: [
        `${leak.sessions.length} sessions of ${leak.name} have been idle for ${spread(leak.sessions, 'stateMs')}`,
      ],
    },
    {
      name: 'idle-in-transaction' as const,
      sessions: inTransaction.length,
      evidence: [`${inTransaction.length} sessions are idle in a transaction, for ${spread(inTransaction, 'stateMs')}`],
    },
    {
      name: 'lock-contention' as const,
      sessions: waiting.length + locks.behind.size,
      evidence: [
        `${waiting.length} sessions wait for locks, behind ${locks.behind.size} root blocker${locks.behind.size === 1 ? '' : 's'}`,
        ...(locks.behindPrepared > 0
          ? [`${locks.behindPrepared} of them wait for a prepared transaction, which no session owns`]
          : []),
        ...(locks.behindUnknown > 0
          ? [`who holds up ${locks.behindUnknown} of them is unknown: this server does not show it`]
          : []),
      ],
    },
    {
      name: 'long-queries' as const,
      sessions: long.length,
      evidence: [`${long.length} queries have run for ${spread(long, 'queryMs')}`],
    },
    {
      name: 'half-open-connections' as const,
      sessions: snapshot.halfOpen.count,
      evidence: [
        `${snapshot.halfOpen.count} slots are taken by connections without a session${snapshot.halfOpen.inferred ? ' (inferred: clients are refused while sessions are fewer than usable slots)' : ''}`,
      ],
    },
    {
      name: 'job-holding-on' as const,
      sessions: jobs.size,
      evidence: [`${jobs.size} sessions belong to backup, migration or replication tools`],
    },
    {
      name: 'connection-storm' as const,
      sessions: fresh.length >= 0.8 * rest.length ? fresh.length : 0,
      evidence: [`${fresh.length} sessions connected within the last ${inWords(newMs)}`],
    },
    {
      name: 'pool-oversubscription' as const,
      sessions: idle.length - oldIdle.length,
      evidence: [`${idle.length} sessions are idle, but only ${oldIdle.length} for ${ages.idleSeconds} s or more`],
    },
    {
      name: 'limit-too-low' as const,
      sessions: short.length,
      evidence: [`${short.length} sessions are busy with queries younger than ${ages.querySeconds} s`],
    },
  ];
}

function isJob(session: Session, policy: Policy): boolean {
  const reason = protectionOf(session, policy);
  return reason === 'backup-tool' || reason === 'migration-tool' || reason === 'replication';
}

function commonEvidence(snapshot: Snapshot, clients: readonly Session[]): string[] {
  const top = largestConsumer(clients);
  const share = Math.round((100 * top.sessions.length) / Math.max(1, slotsTaken(snapshot)));
  return [
    `${slotsTaken(snapshot)} of ${snapshot.limits.usable} usable slots are taken`,
    ...(top.sessions.length > 0 ? [`${top.name} holds ${top.sessions.length} of them (${share} %)`] : []),
    ...(snapshot.canary.result === 'refused'
      ? [`an ordinary client is refused (${snapshot.canary.refusal.kind})`]
      : []),
  ];
}

function largestConsumer(sessions: readonly Session[]): { name: string; sessions: Session[] } {
  const groups = new Map<string, Session[]>();
  for (const session of sessions) {
    const name = consumerOf(session);
    const group = groups.get(name);
    if (group) group.push(session);
    else groups.set(name, [session]);
  }
  const [largest] = [...groups].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  return { name: printable(largest?.[0] ?? 'nobody'), sessions: largest?.[1] ?? [] };
}

function spread(sessions: readonly Session[], age: 'stateMs' | 'queryMs'): string {
  let least = Infinity;
  let most = 0;
  for (const session of sessions) {
    least = Math.min(least, session[age] ?? 0);
    most = Math.max(most, session[age] ?? 0);
  }
  if (sessions.length === 0) return 'no time';
  const [shortest, longest] = [inWords(least), inWords(most)];
  return shortest === longest ? longest : `${shortest} to ${longest}`;
}
