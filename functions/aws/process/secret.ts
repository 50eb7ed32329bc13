import { randomBytes } from 'node:crypto';

/** 256 bits that nobody can guess, as 43 letters that a URL takes as they are. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
