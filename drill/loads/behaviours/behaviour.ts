import { setTimeout as sleep } from 'node:timers/promises';
import type { Dialect, HalfOpen } from '../../clients/client.ts';
import type { LoadSpec } from '../load-spec.ts';
import type { ClientSession } from './client-session.ts';

/** What a behaviour works with, inside a load process. */
export interface LoadContext {
  readonly spec: LoadSpec;
  readonly dialect: Dialect;
  /** Repeatable: the same seed gives the same numbers, from 0 to 1. */
  readonly random: () => number;
  /** Settles when the alarm goes off. */
  readonly alarm: Promise<void>;
  /** Null when the server refused it for want of a slot. `instance`: whose session it is; each in turn when absent. */
  open(purpose: string, instance?: number): Promise<ClientSession | null>;
  /** Begins a login and leaves the server waiting for the rest. Null when it was refused. */
  beginLogin(): Promise<HalfOpen | null>;
  /** A unit of useful work was done. */
  worked(): void;
  /** Every session does what it is for: the drill may go on. */
  ready(): void;
}

/** One kind of client. Runs until the process is stopped. */
export type Behaviour = (context: LoadContext) => Promise<void>;

const OPENED_AT_ONCE = 4;
/** Longer than a short-lived client, such as a canary, holds the last free slot. */
const FULL_FOR_MS = 500;

/**
 * Opens as many sessions as the spec wants, and prepares each. `until-refused` goes on until the server has refused
 * every login for half a second.
 */
export async function openSessions(
  context: LoadContext,
  purpose: string,
  prepare: (session: ClientSession, index: number) => Promise<void>,
): Promise<ClientSession[]> {
  const wanted = context.spec.sessions === 'until-refused' ? Infinity : context.spec.sessions;
  const sessions: ClientSession[] = [];
  let refusedSince: number | null = null;
  const { everyMs } = context.spec;
  let atOnce = everyMs === undefined ? OPENED_AT_ONCE : 1;
  const isFull = () => refusedSince !== null && Date.now() - refusedSince >= FULL_FOR_MS;
  while (sessions.length < wanted && !isFull()) {
    const batch = await Promise.all(
      Array.from({ length: Math.min(atOnce, wanted - sessions.length) }, () => context.open(purpose)),
    );
    const opened = batch.filter((session) => session !== null);
    await Promise.all(opened.map((session, index) => prepare(session, sessions.length + index)));
    sessions.push(...opened);
    if (opened.length < batch.length) {
      if (wanted !== Infinity) throw new Error(`refused after ${sessions.length} of ${wanted} sessions`);
      refusedSince = opened.length === 0 ? (refusedSince ?? Date.now()) : null;
      // A client holds a slot for a moment even while it is refused: near the end they must not block each other.
      atOnce = 1;
      await sleep(50);
    } else if (everyMs !== undefined) await sleep(everyMs);
  }
  return sessions;
}

/** Between `from` and `to` milliseconds. */
export async function pause(context: LoadContext, from: number, to: number): Promise<void> {
  await sleep(from + context.random() * (to - from));
}
