import { randomBytes } from 'node:crypto';
import type { LoadSpec } from '../loads/load-spec.ts';

/** The database that the loads work on. */
export const DATABASE = 'shop';
/** An ordinary client of the drill's own: asks now and then whether anybody gets in. */
export const PASSER_BY = { user: 'passer_by', login: 'ordinary' } as const;

/** Orders in the shop, by 1000 customers. */
export const ORDERS = 5000;

export type Role = Pick<LoadSpec, 'user' | 'login' | 'connectionLimit'>;

/** Creates a login for the passer-by and for each load, and returns the passwords by user. */
export async function createRoles(
  loads: readonly Role[],
  create: (role: Role, password: string) => Promise<void>,
): Promise<ReadonlyMap<string, string>> {
  const passwords = new Map<string, string>();
  for (const role of [PASSER_BY, ...loads]) {
    if (passwords.has(role.user)) continue;
    const password = randomBytes(12).toString('hex');
    passwords.set(role.user, password);
    await create(role, password);
  }
  return passwords;
}
