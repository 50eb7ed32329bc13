import type { RefusalKind } from '../../../core/server/snapshot.ts';
import { tidy } from '../driver-error.ts';
import { Refused } from '../engine.ts';

/** Who speaks, by the first bytes that come from a server before anything is encrypted. */
type Speaker = 'PostgreSQL' | 'MySQL or MariaDB' | null;

/** PostgreSQL's request for TLS, which PostgreSQL answers by one letter, whatever it is asked next. */
export const ASKS_FOR_TLS = Buffer.from('0000000804d2162f', 'hex');

/**
 * Throws Refused when the first bytes are not those of the engine that was expected. Nothing of them is repeated: it may
 * be anything.
 */
export function checkGreeting(greeting: Buffer, expected: NonNullable<Speaker>): void {
  const speaker = speakerOf(greeting);
  if (speaker === expected) return;
  const fork = forkFailure(greeting);
  if (expected === 'PostgreSQL' && fork !== null) refuse('out-of-resources', fork);
  const message =
    speaker === null
      ? `what answers at this address does not speak the protocol of ${expected}`
      : `${speaker} answers at this address, not ${expected}`;
  refuse('wrong-server', `${message}: check engine, host and port`);
}

function speakerOf(greeting: Buffer): Speaker {
  if (isMysqlPacket(greeting)) return 'MySQL or MariaDB';
  return isPostgresMessage(greeting) ? 'PostgreSQL' : null;
}

/** The first packet: a greeting of protocol version 10 with the server's version, or an error number in its place. */
function isMysqlPacket(bytes: Buffer): boolean {
  const [, , , sequence, kind, first = 0, second = 0] = bytes;
  if (sequence !== 0 || bytes.length < 7) return false;
  const isDigit = first >= 0x30 && first <= 0x39;
  return (kind === 0x0a && isDigit) || (kind === 0xff && first + 256 * second >= 1_000 && second < 0x28);
}

const LONGEST_MESSAGE = 64 * 1024;

/** The answer to a request for TLS, or the first message of a login, whose length follows its letter. */
function isPostgresMessage(bytes: Buffer): boolean {
  const letter = String.fromCharCode(bytes[0] ?? 0);
  if (bytes.length === 1) return 'SN'.includes(letter);
  return 'RENv'.includes(letter) && bytes.length >= 5 && bytes.readInt32BE(1) < LONGEST_MESSAGE;
}

/** A server that can start no process for a client says so as it did before protocol 3, which no driver reads. */
function forkFailure(bytes: Buffer): string | null {
  const isOldError = bytes[0] === 0x45 && bytes.length > 5 && bytes.at(-1) === 0 && !isPostgresMessage(bytes);
  return isOldError ? tidy(bytes.subarray(1, -1).toString().trim()) : null;
}

function refuse(kind: RefusalKind, message: string): never {
  throw new Refused({ kind, code: 'GREETING', message });
}
