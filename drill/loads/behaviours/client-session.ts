import type { Client } from '../../clients/client.ts';
import type { LoadMessage, LoadOrder } from '../load-spec.ts';

export interface SessionOptions {
  readonly purpose: string;
  readonly place: Place;
  readonly report: (message: LoadMessage) => void;
}

/** What a client calls itself, and the address it comes from; whatever the system gives it when absent. */
export interface Place {
  readonly application: string;
  readonly address?: string;
}

/** One session of a load, as its client holds it. */
export interface ClientSession {
  /** Settles when the session is over, whoever ended it. */
  readonly over: Promise<void>;
  isAlive(): boolean;
  /** The rows; null when the statement failed. The failure has been reported. Parameters are question marks. */
  run(sql: string, values?: readonly unknown[]): Promise<readonly unknown[] | null>;
  /** Follows the server as a standby does. */
  replicate(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens one session and reports it. Null when the server has no slot for it. Throws when the login fails for any other
 * reason: the drill's own fault.
 */
export async function openSession(
  client: Client,
  { spec, url }: LoadOrder,
  { purpose, place, report }: SessionOptions,
): Promise<ClientSession | null> {
  const login = { url, ...place, forReplication: spec.behaviour === 'replication' };
  const connection = await client.connect(login).catch((error: unknown) => {
    const { kind, code } = client.failureOf(error);
    if (kind !== 'refused') throw error;
    report({ type: 'refused', code });
    return null;
  });
  if (connection === null) return null;

  const { id, incarnation } = connection.identity;
  let isAlive = true;
  let isClosing = false;
  let wasTerminated = false;
  let lastCode = '';
  report({ type: 'opened', id, incarnation, purpose });
  const over = connection.over.then((lastWords) => {
    isAlive = false;
    const isOurs = isClosing && !wasTerminated;
    report(isOurs ? { type: 'closed', id } : { type: 'lost', id, code: lastWords || lastCode || 'connection-reset' });
  });

  return {
    over,
    isAlive: () => isAlive,
    async run(sql, values) {
      try {
        return await connection.query(sql, values);
      } catch (error) {
        const { kind, code } = client.failureOf(error);
        lastCode = code;
        // The load may close it before it learns that it is over; the server ended it all the same.
        wasTerminated = kind === 'lost';
        if (!isClosing) report({ type: 'failed', id, code, cancelled: kind === 'cancelled' });
        return null;
      }
    },
    replicate: () => connection.replicate(),
    async close() {
      isClosing = true;
      await connection.close();
    },
  };
}
