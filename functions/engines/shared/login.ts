import * as z from 'zod/mini';
import type { Refusal, RefusalKind } from '../../core/server/snapshot.ts';
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
    throw new Refused(asIamRefusal(refusalOf(error, login), login), { cause: error });
  }
}

/** Servers do not say why a token is not accepted. */
function asIamRefusal(refusal: Refusal, { isToken = false }: Login): Refusal {
  return isToken && refusal.kind === 'authentication' ? { ...refusal, kind: 'iam-refused' } : refusal;
}

/** Where a login was refused without a password to try, that is why. */
export function withoutPassword(kind: RefusalKind, password: string): string[] {
  if (kind !== 'authentication' || password !== '') return [];
  return ['no password is configured, and none is looked for elsewhere (~/.pgpass, ~/.my.cnf)'];
}

/** What an open session says of itself. */
export interface Arrival {
  /** Its id, by the server itself. */
  readonly id: number;
  /** The server's identity, as in Server.identity. */
  readonly server: string;
  /** It may get in when ordinary clients are refused. */
  readonly reserved: boolean;
}

/** See Engine.tryCanaryLogin. `arrive` asks the open session. `server`: the identity of the one that is meant. */
export async function tryCanaryLogin<C extends ServerConnection>(
  means: LoginMeans<C>,
  arrive: (connection: C, left: () => number) => Promise<Arrival>,
  login: Login,
  { server, timeoutMs }: { readonly server: string; readonly timeoutMs: number },
): Promise<void> {
  await logIn(means, login, timeoutMs, async (connection, left) => {
    const arrival = await arrive(connection, left);
    checkDirect(connection, arrival.id);
    if (arrival.server !== server) {
      refuse('wrong-server', 'this login leads to another server than the responder’s, so it says nothing of that one');
    }
    if (arrival.reserved) {
      refuse('unfit-login', 'this login may use reserved slots, so it gets in while ordinary clients are refused');
    }
    connection.close();
  });
}

export const POOLER_ANSWERS = 'a pooler or proxy answers at this address, not the server itself';

/** Beyond this, what greets us cannot name a session. */
const GREETING_IDS = 2 ** 32;

/** A pooler greets with an id of its own. It may let us in when the server lets nobody in, or share our session. */
export function checkDirect({ greetedAs }: Pick<ServerConnection, 'greetedAs'>, id: number): void {
  if (greetedAs === id % GREETING_IDS) return;
  refuse('wrong-server', POOLER_ANSWERS);
}

function refuse(kind: RefusalKind, message: string): never {
  throw new Refused({ kind, code: '', message });
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
  refuse('wrong-server', `this is the instance "${found}", not "${expected}"; use the endpoint of the instance itself`);
}
