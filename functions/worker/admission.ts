import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission, Refusal } from '../core/server/snapshot.ts';
import { Refused, type Engine, type EngineSession, type SessionOptions } from '../engines/shared/engine.ts';
import type { Logins } from './logins.ts';

/** Getting in, and staying in: the session that is kept between invocations. */
export interface Door {
  readonly engine: Engine;
  readonly logins: Logins;
  /** The session of an earlier request; it may have died since. */
  kept: EngineSession | null;
}

export type Entry =
  | { readonly ok: true; readonly session: EngineSession; readonly admission: Admission }
  | { readonly ok: false; readonly refusal: Refusal; readonly attempts: number; readonly waitedMs: number };

/** A dead session after a thaw must not cost more than this. */
const WARM_MS = 2_000;
const CONNECT_MS = 3_000;

/**
 * The way into a full server: the session that is still open, else a new login, else waiting for the next slot that frees.
 * `patienceMs` bounds the wait; a refusal that waiting cannot cure ends it at once.
 */
export async function enter(
  door: Door,
  options: Omit<SessionOptions, 'canaryUser'>,
  patienceMs: number,
  deadline: number,
): Promise<Entry> {
  const startedAt = Date.now();
  const kept = await warmSession(door, deadline);
  if (kept !== null) {
    const waitedMs = Date.now() - startedAt;
    return {
      ok: true,
      session: kept,
      admission: { way: 'warm', reserved: kept.reserved, attempts: 0, refusedAsFull: 0, waitedMs },
    };
  }
  let isFresh = false;
  let refreshed = !door.logins.canRefresh;
  let refusedAsFull = 0;
  for (let attempts = 1; ; attempts++) {
    try {
      const login = await door.logins.responder(isFresh);
      const session = await door.engine.connect(
        login,
        { ...options, canaryUser: await canaryUserOf(door.logins) },
        Math.max(1, Math.min(CONNECT_MS, deadline - Date.now())),
      );
      door.kept = session;
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

async function warmSession(door: Door, deadline: number): Promise<EngineSession | null> {
  const isAlive = await door.kept?.isAlive(Math.max(1, Math.min(WARM_MS, deadline - Date.now())));
  if (isAlive !== true) door.kept = null;
  return door.kept;
}

/** Slots free up, servers start, and a failover takes an address away for a while; passwords do not mend themselves. */
function isWorthWaiting({ kind }: Refusal): boolean {
  return kind === 'full' || kind === 'starting' || kind === 'network';
}

/** Credentials of the canary that cannot be had are for its own knock to report; they must not keep the responder out. */
async function canaryUserOf(logins: Logins): Promise<string | null> {
  try {
    return (await logins.canary(false))?.user ?? null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}
