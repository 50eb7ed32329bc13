import * as z from 'zod/mini';

/** No transaction of our session is too long. Only 17 and later have the setting; no privileges. */
export const NO_TRANSACTION_TIMEOUT = {
  sql: /* SQL */ `
    SELECT CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL
      THEN set_config('transaction_timeout', '0', false)
    END AS timeout`,
  row: z.object({ timeout: z.nullable(z.string()) }),
};

/** By functions alone, which everybody may call: getting in must not depend on a view. Our session acts as its login. */
const RESERVED = /* SQL */ `
  (
    current_setting('is_superuser') = 'on'
    OR EXISTS (
      SELECT FROM unnest(ARRAY['pg_use_reserved_connections', 'rds_superuser', 'rds_reserved']) AS role
      WHERE pg_has_role(session_user, to_regrole(role), 'USAGE')
    )
  )`;

/**
 * Which session is this, on which server, and may it use reserved slots? Asked by the canary. All versions; no
 * privileges.
 */
export const ARRIVAL = {
  sql: /* SQL */ `
    SELECT
      pg_backend_pid() AS id,
      extract(epoch FROM pg_postmaster_start_time())::text AS server,
      ${RESERVED} AS reserved`,
  row: z.object({ id: z.number(), server: z.string(), reserved: z.boolean() }),
};

/**
 * What may this login do, and can the server name its instance? Once per connection.
 * From here on the server sends texts unconverted: statements of databases in other encodings cannot always be
 * converted, and one such statement would fail the whole snapshot.
 * All versions; no privileges. Membership counts when its privileges are inherited, as the server itself decides it.
 */
export const LOGIN = {
  sql: /* SQL */ `
    SELECT
      pg_backend_pid() AS id,
      ${RESERVED} AS reserved,
      to_regproc('aurora_db_instance_identifier') IS NOT NULL AS names_instance,
      set_config('client_encoding', 'SQL_ASCII', false) AS client_encoding`,
  row: z.object({ id: z.number(), reserved: z.boolean(), names_instance: z.boolean() }),
};

/** Which instance is this? Only on Aurora, where the function exists. */
export const INSTANCE = {
  sql: /* SQL */ `SELECT aurora_db_instance_identifier()::text AS instance`,
  row: z.object({ instance: z.string() }),
};
