import { randomBytes } from 'node:crypto';

/** 256 random bits as 43 letters that need no escaping in a URL. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
