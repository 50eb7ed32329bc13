import { once } from 'node:events';
import type { Socket } from 'node:net';
import type * as z from 'zod/mini';
import { codeOf } from './driver-error.ts';
import { ConnectionLost } from './engine.ts';

/** One statement, and what each of its rows must look like. */
interface Query<T extends z.ZodMiniType> {
  readonly sql: string;
  readonly row: T;
}

/** How our own sessions name themselves: that, and their login, tells them from those of others. */
export const OWN_APPLICATION = 'headroom';

/** One connection to a server that cannot crash the process, cannot hang and cannot be used after it failed. */
export interface ServerConnection<Value = unknown> {
  /**
   * Runs one statement and checks its rows. Throws the server's own error when that leaves the connection usable, else
   * ConnectionLost. A statement that takes longer than `timeoutMs` costs the connection.
   */
  query<T extends z.ZodMiniType>(
    statement: Query<T>,
    values: readonly Value[],
    timeoutMs: number,
  ): Promise<z.infer<T>[]>;
  readonly isOpen: boolean;
  /** The session's id as whoever greeted us named it; null when none was named. */
  readonly greetedAs: number | null;
  /** Says goodbye and drops the socket, without waiting. */
  close(): void;
}

/** The row of a statement that always has one. */
export function firstRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new ConnectionLost('', 'the server answered without a row');
  return row;
}

/** The socket under a driver's connection: once it is dropped or left, nothing is sent over it any more. */
export class Line {
  #isOpen = true;
  #isConnected = false;
  #greeting: Buffer | null = null;
  #lastWords: Error | null = null;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.once('connect', () => (this.#isConnected = true));
    // Drivers read as soon as they connect, so that nothing is lost to them.
    socket.once('data', (first: Buffer) => (this.#greeting = first));
  }

  /** Something has taken the connection, whatever it is. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The first bytes that were heard, before any TLS; null while there are none. */
  get greeting(): Buffer | null {
    return this.#greeting;
  }

  /** Sends bytes behind the driver's back, and waits for the first answer; null without one. */
  async probe(question: Buffer, timeoutMs: number): Promise<Buffer | null> {
    const heard = once(this.#socket, 'data', { signal: AbortSignal.timeout(timeoutMs) });
    this.#socket.write(question);
    await heard.catch(() => undefined);
    return this.#greeting;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Why a query cannot be sent any more: with what the server said when it closed the connection while no query ran. */
  get lost(): ConnectionLost {
    const why = this.#lastWords;
    return new ConnectionLost(codeOf(why), why?.message ?? 'the connection is closed', { cause: why });
  }

  /** `why`: what the driver says of it. */
  readonly drop = (why?: unknown): void => {
    if (this.#isOpen && why instanceof Error) this.#lastWords = why;
    this.#isOpen = false;
    this.#socket.destroy();
  };

  leave(sayGoodbye: () => void): void {
    if (this.#isOpen) sayGoodbye();
    this.#isOpen = false;
    // Time for the goodbye to leave; a server that does not read it must not hold us up.
    setTimeout(() => this.#socket.destroy(), 500).unref();
  }
}
