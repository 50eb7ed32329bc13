import * as z from 'zod/mini';

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
