import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission, Refusal, RefusalKind } from '../core/server/snapshot.ts';
import { Refused, type Engine, type EngineSession, type SessionOptions } from '../engines/shared/engine.ts';
import { timeLeft } from '../engines/shared/within.ts';
import type { BackOff } from './back-off.ts';
import type { Logins } from './logins.ts';

/** The way into one target: how the responder logs in, and the session that it keeps between requests. */
export interface Access {
  readonly engine: Engine;
  readonly logins: Logins;
  readonly options: Omit<SessionOptions, 'canaryUser'>;
  readonly backOff: BackOff;
  /** The session of an earlier request; it may have died since. */
  kept: EngineSession | null;
}

/** A session to work with, and how the responder got it. */
export interface OpenSession {
  readonly ok: true;
  readonly session: EngineSession;
  readonly admission: Admission;
}

export interface LockedOut {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly attempts: number;
  readonly waitedMs: number;
}

/**
 * How long the responder may try to get in. `patienceMs` bounds the wait, `deadline` everything. `isRoutine`: nobody
 * waits for it, so it heeds the back-off.
 */
export interface Patience {
  readonly patienceMs: number;
  readonly deadline: number;
  readonly isRoutine: boolean;
}

/** A dead session after a thaw must not cost more than this. */
const WARM_MS = 2_000;
const CONNECT_MS = 3_000;

/**
 * The way into a full server: the session that is still open, else a new login, else waiting for the next slot that
 * frees. A refusal that waiting cannot cure ends it at once.
 */
export async function enter(access: Access, patience: Patience): Promise<OpenSession | LockedOut> {
  const { logins } = access;
  const { patienceMs, deadline } = patience;
  const startedAt = Date.now();
  const warm = await warmSession(access, deadline);
  if (warm !== null) {
    const waitedMs = Date.now() - startedAt;
    const admission = { way: 'warm', reserved: warm.reserved, attempts: 0, refusedAsFull: 0, waitedMs } as const;
    return { ok: true, session: warm, admission };
  }
  let isFresh = false;
  let refreshed = !logins.canRefresh;
  let refusedAsFull = 0;
  for (let attempts = 1; ; attempts++) {
    try {
      const session = await logIn(access, isFresh, patience);
      access.kept = session;
      const way = attempts === 1 ? 'first-try' : 'retry';
      const { reserved } = session;
      const admission = { way, reserved, attempts, refusedAsFull, waitedMs: Date.now() - startedAt } as const;
      return { ok: true, session, admission };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { refusal } = error;
      if (refusal.kind === 'full') refusedAsFull++;
      const waitedMs = Date.now() - startedAt;
      const canRefresh = refusal.kind === 'authentication' && !refreshed;
      const mayRetry = waitedMs < patienceMs && Date.now() < deadline && isWorthWaiting(refusal);
      if (!canRefresh && !mayRetry) return { ok: false, refusal, attempts, waitedMs };
      isFresh = canRefresh;
      refreshed ||= canRefresh;
      if (!canRefresh) await sleep(50 + Math.random() * 200);
    }
  }
}

/** Closes the kept session; the next request logs in anew. */
export function leave(access: Access): void {
  access.kept?.close();
  access.kept = null;
}

async function warmSession(access: Access, deadline: number): Promise<EngineSession | null> {
  const isAlive = await access.kept?.isAlive(Math.min(WARM_MS, timeLeft(deadline)));
  if (isAlive !== true) access.kept = null;
  return access.kept;
}

async function logIn(
  { engine, logins, options, backOff }: Access,
  isFresh: boolean,
  { deadline, isRoutine }: Patience,
) {
  const login = await logins.responder(isFresh);
  const canaryUser = await canaryUserOf(logins);
  return backOff.attempt(isRoutine, () =>
    engine.connect(login, { ...options, canaryUser }, Math.min(CONNECT_MS, timeLeft(deadline))),
  );
}

/**
 * Slots and threads free up, servers start, and a failover takes an address away for a while; a wrong password stays
 * wrong.
 */
const PASSING: ReadonlySet<RefusalKind> = new Set(['full', 'out-of-resources', 'starting', 'network', 'silent']);

function isWorthWaiting({ kind }: Refusal): boolean {
  return PASSING.has(kind);
}

/** The canary's own login reports credentials that cannot be read; they must not keep the responder out. */
async function canaryUserOf(logins: Logins): Promise<string | null> {
  try {
    return (await logins.canary(false))?.user ?? null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}
