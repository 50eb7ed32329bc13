import * as z from 'zod/mini';
import type { Refusal } from '../../core/server/snapshot.ts';
import type { ServerConnection } from './connection.ts';
import { Refused, type Login } from './engine.ts';
import { countdown } from './within.ts';

/** What an engine does to log in. */
export interface LoginMeans<C extends ServerConnection> {
  /** Throws whatever the driver throws. */
  readonly open: (login: Login, timeoutMs: number) => Promise<C>;
  /** Why a login failed, from what was thrown. */
  readonly refusalOf: (error: unknown, login: Login) => Refusal;
}

/**
 * Logs in and sets the session up, within `timeoutMs` in all. Throws Refused; then the connection is closed. `left`
 * tells how much time is left.
 */
export async function logIn<C extends ServerConnection, T>(
  { open, refusalOf }: LoginMeans<C>,
  login: Login,
  timeoutMs: number,
  setUp: (connection: C, left: () => number) => Promise<T>,
): Promise<T> {
  const left = countdown(timeoutMs);
  let connection: C | null = null;
  try {
    connection = await open(login, timeoutMs);
    return await setUp(connection, left);
  } catch (error) {
    connection?.close();
    throw new Refused(refusalOf(error, login), { cause: error });
  }
}

/** See Engine.tryCanaryLogin. */
export async function tryCanaryLogin(
  means: LoginMeans<ServerConnection>,
  login: Login,
  timeoutMs: number,
): Promise<void> {
  await logIn(means, login, timeoutMs, async (connection, left) => {
    await connection.query(PING, [], left());
    connection.close();
  });
}

/** Does this connection still answer? */
export const PING = { sql: /* SQL */ `SELECT 1 AS one`, row: z.object({ one: z.literal(1) }) };

/** See EngineSession.isAlive. */
export async function isAlive(connection: ServerConnection, timeoutMs: number): Promise<boolean> {
  try {
    await connection.query(PING, [], timeoutMs);
    return true;
  } catch {
    connection.close();
    return false;
  }
}

/** On Aurora a name in DNS can lead to another instance of the cluster; ending sessions there would not help. */
export function checkInstance(found: string | null, expected: string): void {
  if (found === null || found.toLowerCase() === expected.toLowerCase()) return;
  throw new Refused({
    kind: 'wrong-server',
    code: '',
    message: `this is the instance "${found}", not "${expected}"; use the endpoint of the instance itself`,
  });
}
