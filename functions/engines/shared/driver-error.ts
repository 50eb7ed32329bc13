/** Of ConnectionLost: the other end has the connection, and does not answer. */
export const NO_ANSWER = 'NO_ANSWER';

/** What the network does to a connection: by the system's names, and by the driver's where it has its own. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'PROTOCOL_CONNECTION_LOST',
]);

/** What a lost connection says of the way there, by its code; null when it says nothing of it. */
export function kindOfLost(code: string): 'silent' | 'network' | null {
  if (code === NO_ANSWER) return 'silent';
  return NETWORK_CODES.has(code) ? 'network' : null;
}

/** The code that a driver or the system gave an error; empty without one. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * The server's own words for why it refused a statement, or null where it was not the server that failed. Both drivers'
 * errors are known by a field that only the server's have. What is in quotes and is no plain name may be a literal.
 */
export function serverWords(error: unknown): string | null {
  if (!(error instanceof Error) || !('severity' in error || 'sqlMessage' in error)) return null;
  return tidy(error.message).replace(/(["'`])(?:(?!\1).)*\1/g, (quoted) => (NAME.test(quoted) ? quoted : '?'));
}

const NAME = /^.[\w@.%:-]{1,64}.$/;

/** A message on one line, of 300 characters at most. */
export function tidy(message: string): string {
  // eslint-disable-next-line no-control-regex -- names of the server's own objects may contain anything
  return message.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 300);
}
