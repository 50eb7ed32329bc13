import * as z from 'zod/mini';
import type { Features } from '../connect/features.ts';
import { isGiven } from '../grants/grants.ts';

const trustedRow = z.object({ trusted: z.number() });

/** With their owner's rights, whose account is one that may create others. */
const TRUSTED = `
    SELECT COUNT(*) = 2 AS trusted
    FROM (
      SELECT CONVERT(DEFINER USING utf8mb4) AS owner
      FROM information_schema.ROUTINES
      WHERE ROUTINE_SCHEMA = 'headroom' AND ROUTINE_NAME = 'limit_connections' AND ROUTINE_TYPE = 'PROCEDURE'
        AND SECURITY_TYPE = 'DEFINER'
      UNION ALL
      SELECT CONVERT(DEFINER USING utf8mb4)
      FROM information_schema.VIEWS
      WHERE TABLE_SCHEMA = 'headroom' AND TABLE_NAME = 'connection_limits' AND SECURITY_TYPE = 'DEFINER'
    ) AS used
    WHERE EXISTS (SELECT 1 FROM administrators WHERE CONCAT(administrators.name, '@', administrators.place) = used.owner)`;

/**
 * Do the routine and the list belong to accounts that may create others, and run with their rights? Whoever made them
 * decides what our session does when it uses them. On MySQL the right may come by a role. Raises 1142 or 1143 without
 * the grants of `headroom grants --cap-users`.
 */
export const LIMIT_ROUTINES = {
  mysql: {
    sql: /* SQL */ `
    WITH RECURSIVE administrators AS (
      SELECT CONVERT(User USING utf8mb4) AS name, CONVERT(Host USING utf8mb4) AS place
      FROM mysql.user WHERE ${isGiven('Create_user_priv')}
      UNION
      SELECT CONVERT(TO_USER USING utf8mb4), CONVERT(TO_HOST USING utf8mb4)
      FROM mysql.role_edges
      JOIN administrators
        ON CONVERT(FROM_USER USING utf8mb4) = name AND CONVERT(FROM_HOST USING utf8mb4) = place
    )${TRUSTED}`,
    row: trustedRow,
  },
  mariadb: {
    sql: /* SQL */ `
    WITH administrators AS (
      SELECT CONVERT(User USING utf8mb4) AS name, CONVERT(Host USING utf8mb4) AS place
      FROM mysql.user WHERE ${isGiven('Create_user_priv')}
    )${TRUSTED}`,
    row: trustedRow,
  },
} as const satisfies Record<Features['engine'], { readonly sql: string; readonly row: typeof trustedRow }>;

/**
 * Which users may be limited, and how many connections may they have? 0 is no limit. Raises 1142 or 1143 without a
 * grant, also when the view does not exist; 1146 or 1049 where we may see that it does not.
 */
export const USER_LIMITS = {
  sql: /* SQL */ `
    SELECT
      CONVERT(user_name USING utf8mb4) AS name,
      CONVERT(host USING utf8mb4) AS host,
      connection_limit AS most,
      CONVERT(refusal USING utf8mb4) AS refusal,
      @@GLOBAL.max_user_connections AS most_of_all
    FROM headroom.connection_limits`,
  row: z.object({
    name: z.string(),
    host: z.nullable(z.string()),
    most: z.nullable(z.number()),
    refusal: z.nullable(z.string()),
    most_of_all: z.number(),
  }),
};

/**
 * Changes the limit of a user and leaves the one it found in @headroom_found: where that is not $2, nothing was
 * changed; NULL: there is no such user. $1: user. $2: the limit it starts from. $3: the new one. Raises SQLSTATE 45000
 * for a user that may not be limited and for a limit that is none.
 */
export const LIMIT_CONNECTIONS = { sql: /* SQL */ `CALL headroom.limit_connections(?, ?, ?, @headroom_found)` };

/** What the call before found. */
export const FOUND = {
  sql: /* SQL */ `SELECT @headroom_found AS found`,
  row: z.object({ found: z.nullable(z.number()) }),
};

/** The present limit. $1: user. */
export const LIMIT_OF = {
  sql: /* SQL */ `SELECT connection_limit AS most FROM headroom.connection_limits WHERE user_name = ?`,
  row: z.object({ most: z.nullable(z.number()) }),
};
