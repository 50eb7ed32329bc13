import mysql from 'mysql2/promise';
import { randomBytes } from 'node:crypto';
import { quoteAccount } from '../../functions/engines/mysql/grants/grants.ts';
import { grantScript } from '../../functions/engines/mysql/grants/script.ts';
import type { MysqlServer } from './mysql.ts';
import type { Logins } from './postgres.ts';

/**
 * Creates responder and canary with exactly the statements that `headroom grants` prints, and gives them passwords.
 * `isRds`: with those for RDS, for which the server needs RDS's procedures. `limitableUsers`: whose connections may be
 * limited.
 */
export async function createMysqlLogins(
  server: MysqlServer,
  {
    isRds = false,
    limitableUsers = [],
  }: { readonly isRds?: boolean; readonly limitableUsers?: readonly string[] } = {},
): Promise<Logins> {
  const responder = { user: 'headroom_responder', password: randomBytes(12).toString('hex') };
  const canary = { user: 'headroom_canary', password: randomBytes(12).toString('hex') };
  const from = '%';
  const grants = grantScript({
    engine: server.flavour,
    isRds,
    auth: 'password',
    responder: responder.user,
    canary: canary.user,
    from,
    limitableUsers,
  });
  const passwords = [responder, canary].map(
    ({ user, password }) =>
      `ALTER USER ${quoteAccount(user, from)} IDENTIFIED BY ${mysql.escape(password)} ACCOUNT UNLOCK`,
  );
  const admin = await mysql.createConnection({ uri: server.adminUrl });
  try {
    for (const sql of [...grants.flatMap((grant) => grant.sql ?? []), ...passwords]) await admin.query(sql);
  } finally {
    await admin.end();
  }
  return { responderUrl: server.urlFor(responder), canaryUrl: server.urlFor(canary) };
}
