import type { Dice } from '../../drill/loads/dice.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { aSession } from '../../test/support/a-session.ts';

const MINUTE = 60_000;

/** Sessions of one kind. `servesHistory`: false where the server does not say when a session connected (MySQL). */
export interface Crowd {
  readonly dice: Dice;
  readonly tellsConnected: boolean;
  nextId: number;
}

export interface Who {
  readonly user: string;
  readonly application: string;
  readonly client?: string;
}

export function add(crowd: Crowd, who: Who, changed: Partial<Session>): Session {
  const session = aSession(crowd.nextId++, { database: 'shop', client: '10.0.0.1', ...who, ...changed });
  return crowd.tellsConnected ? session : { ...session, connectedMs: null };
}

/** Idle between two uses, as pooled sessions are: used again and again since they connected. */
export function pooledIdle(crowd: Crowd, who: Who, meanIdleMs: number): Session {
  const stateMs = crowd.dice.waiting(meanIdleMs);
  return add(crowd, who, {
    state: 'idle',
    stateMs,
    queryMs: stateMs,
    connectedMs: stateMs + crowd.dice.between(5, 300) * MINUTE,
  });
}

/** Opened, used once, and left idle. */
export function leaked(crowd: Crowd, who: Who, oldestMs: number): Session {
  const stateMs = crowd.dice.between(1_000, oldestMs);
  return add(crowd, who, {
    state: 'idle',
    stateMs,
    queryMs: stateMs,
    connectedMs: stateMs + crowd.dice.between(5, 2_000),
  });
}

export function busy(crowd: Crowd, who: Who, meanQueryMs: number, connectedMs: number): Session {
  const queryMs = crowd.dice.waiting(meanQueryMs);
  const verb = crowd.dice.pick(['SELECT', 'SELECT', 'INSERT', 'UPDATE'] as const);
  return add(crowd, who, {
    state: 'active',
    stateMs: queryMs,
    queryMs,
    transactionMs: queryMs,
    transactionMark: 'in one',
    connectedMs: connectedMs + queryMs,
    hasWritten: verb !== 'SELECT',
    statement: { verb, text: null, isOptedOut: false },
  });
}

export function openTransaction(crowd: Crowd, who: Who, meanMs: number): Session {
  const stateMs = crowd.dice.waiting(meanMs);
  const transactionMs = stateMs + crowd.dice.between(1, 2_000);
  return add(crowd, who, {
    state: 'idle-in-transaction',
    stateMs,
    queryMs: stateMs,
    transactionMs,
    transactionMark: 'in one',
    connectedMs: transactionMs + crowd.dice.between(0, 60) * MINUTE,
    hasWritten: crowd.dice.happens(0.7),
  });
}

export function waiting(crowd: Crowd, who: Who, behind: number, longestMs: number): Session {
  const lockWaitMs = crowd.dice.between(500, longestMs);
  return add(crowd, who, {
    state: 'active',
    stateMs: lockWaitMs,
    queryMs: lockWaitMs,
    transactionMs: lockWaitMs + 50,
    transactionMark: 'in one',
    lockWaitMs,
    blockedBy: [behind],
    wait: { type: 'Lock', event: 'transactionid' },
    connectedMs: crowd.dice.between(1, 120) * MINUTE,
    statement: { verb: 'UPDATE', text: null, isOptedOut: false },
  });
}

/** What every production server has beside the incident: a few services with pools in ordinary use. */
export function everydayLife(crowd: Crowd, slots: number): Session[] {
  const services = crowd.dice.whole(1, 4);
  const instances = crowd.dice.whole(1, 5);
  const busyShare = crowd.dice.between(0, 0.5);
  const pauseMs = crowd.dice.between(1_000, 60_000);
  return Array.from({ length: slots }, (_, index) => {
    const service = index % services;
    const who = {
      user: `svc${'abcd'[service]}`,
      application: `service-${'abcd'[service]}`,
      client: `10.1.${service}.${index % instances}`,
    };
    return crowd.dice.happens(busyShare) ? busy(crowd, who, 80, 600_000) : pooledIdle(crowd, who, pauseMs);
  });
}
