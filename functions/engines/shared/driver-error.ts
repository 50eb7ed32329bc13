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

/** A message on one line, of 300 characters at most. */
export function tidy(message: string): string {
  // eslint-disable-next-line no-control-regex -- names of the server's own objects may contain anything
  return message.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 300);
}
