import pg from 'pg';
import * as z from 'zod/mini';
import type { Canary } from '../../functions/core/snapshot.ts';
import type { Login } from '../../functions/engines/engine.ts';
import { openConnection } from '../../functions/engines/postgres/connection.ts';
import { fixFor } from './admission.ts';
import { failed, fine, unknown, warning, type DoctorFinding } from './finding.ts';

/** Does an ordinary client get in, and is the canary one? `variable` names where its URL comes from. */
export async function checkCanary(
  canary: Canary,
  login: Login | null,
  variable: string | undefined,
): Promise<DoctorFinding[]> {
  if (login === null || variable === undefined) {
    return [
      warning(
        'canary',
        'not configured: whether ordinary clients get in cannot be tested',
        'set auth.canaryVariable; "headroom grants" prints the statements that create the login',
      ),
    ];
  }
  if (canary.result === 'unknown') return [unknown('canary', 'was not asked')];
  if (canary.result === 'refused') {
    const { refusal } = canary;
    return [
      failed('canary', `${refusal.kind}: ${refusal.message}`, fixFor(refusal, variable)),
      unknown('canary is ordinary', 'could not be looked at: it does not get in'),
    ];
  }
  return [fine('canary', `gets in (${Math.round(canary.tookMs)} ms)`), await checkPowers(login)];
}

/** What would let it in when ordinary clients are refused, or let it do more than connect. No privileges needed. */
const POWERS = {
  sql: /* SQL */ `
    SELECT rolname AS name
    FROM pg_roles
    WHERE (rolname = session_user AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication))
       OR (
         rolname IN ('pg_use_reserved_connections', 'rds_superuser', 'pg_monitor', 'pg_read_all_data',
                     'pg_write_all_data', 'pg_signal_backend')
         AND pg_has_role(session_user, oid, 'MEMBER')
       )
    ORDER BY 1`,
  row: z.object({ name: z.string() }),
};

const CONNECT_MS = 5_000;

async function checkPowers(login: Login): Promise<DoctorFinding> {
  const check = 'canary is ordinary';
  const connection = await openConnection(login, CONNECT_MS);
  try {
    const powers = await connection.query(POWERS, [], CONNECT_MS);
    if (powers.length === 0) return fine(check, `${login.user} may do nothing but connect`);
    const own = powers.some(({ name }) => name === login.user);
    const roles = powers.filter(({ name }) => name !== login.user).map(({ name }) => name);
    return failed(
      check,
      `${login.user} may do more than an ordinary client${roles.length > 0 ? `: it is a member of ${roles.join(', ')}` : ''}`,
      [
        ...roles.map((role) => `REVOKE ${role} FROM ${pg.escapeIdentifier(login.user)}`),
        ...(own
          ? [`ALTER ROLE ${pg.escapeIdentifier(login.user)} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION`]
          : []),
      ].join('; '),
    );
  } finally {
    connection.close();
  }
}
