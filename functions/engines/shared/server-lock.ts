import { setTimeout as sleep } from 'node:timers/promises';
import { whyLockTaken, type LockHolder } from '../../core/server/readiness.ts';
import type { Snapshot } from '../../core/server/snapshot.ts';
import type { Trial } from '../../core/protocol/check-facts.ts';
import { ConnectionLost, Refused } from './engine.ts';

/**
 * The lock that lets one executor at a time act on a server, by an engine's statements. It comes with a lease: when its
 * executor dies or freezes, the server ends that session, and with it the lock.
 */
export interface ServerLock {
  /** False when another session holds it. */
  tryTake(): Promise<boolean>;
  /** Another session that holds it, an executor if there is one; null when none does any more. */
  holder(): Promise<Holder | null>;
  /** Gives the lock back and ends the lease; also when only the lease was taken. */
  release(): Promise<void>;
}

/** A session that holds the lock. Executors log in as the responder; whoever else holds it ends no sessions. */
export interface Holder extends LockHolder {
  readonly isExecutor: boolean;
}

const TRIES = 5;

/** What a snapshot says of the lock's holders. */
export function takenBy(holders: readonly Holder[]): Pick<Snapshot, 'othersActing' | 'lockTakenBy'> {
  const othersActing = holders.some(({ isExecutor }) => isExecutor);
  return { othersActing, lockTakenBy: holders.find(({ isExecutor }) => !isExecutor)?.id ?? null };
}

/**
 * Does the work while no other executor acts on this server. Throws Refused (`busy-elsewhere`) without doing it when
 * another session holds the lock; its message names whoever is no executor.
 */
export async function withServerLock<T>(lock: ServerLock, work: () => Promise<T>): Promise<T> {
  try {
    await takeLock(lock);
    return await work();
  } finally {
    await releaseLock(lock);
  }
}

/** A connection that is lost takes the lock with it; what was done under the lock is still worth reporting. */
export async function releaseLock(lock: Pick<ServerLock, 'release'>): Promise<void> {
  try {
    await lock.release();
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

/** Waits of different length, so that two executors that gave way to each other do not meet again. */
async function takeLock(lock: ServerLock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (await lock.tryTake()) return;
    if (attempt === TRIES) {
      const holder = await lock.holder();
      const message =
        holder === null || holder.isExecutor
          ? 'another executor is ending sessions on this server; it holds the server-side lock'
          : whyLockTaken(holder);
      throw new Refused({ kind: 'busy-elsewhere', code: '', message });
    }
    await sleep(20 + Math.random() * 130);
  }
}

/** The right to act, tried: takes the lock and gives it back. */
export async function tryServerLock(lock: ServerLock): Promise<Trial> {
  const right = 'server-lock';
  try {
    await withServerLock(lock, () => Promise.resolve());
    return { right, result: 'worked', detail: 'taken and given back', fix: [] };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { right, result: 'busy', detail: error.refusal.message, fix: [] };
  }
}
