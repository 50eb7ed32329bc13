import * as z from 'zod/mini';

/**
 * How many slots are taken, by state? Client backends take a slot each; walsenders and workers have slots of their own.
 * 14 and later. Without pg_read_all_stats type and state are NULL: a row with a database is then taken for a client.
 */
export const USAGE = {
  sql: /* SQL */ `
    SELECT state, count(*)::int AS sessions
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)
    GROUP BY state`,
  row: z.object({ state: z.nullable(z.string()), sessions: z.number() }),
};
