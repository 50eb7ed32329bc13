import { Client } from 'pg';

/**
 * Has PostgreSQL show so many more sessions in one database than it has: sessions of an application on 40 machines, each
 * with a long statement of its own. No server on this machine could hold them, and the statement that reads them, the
 * driver and the parser take them for real ones. `url`: of a superuser, at that database.
 */
export async function pretendSessions(url: string, count: number): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ shown: string }>(
      `SELECT pg_get_viewdef('pg_stat_activity'::regclass) AS shown`,
    );
    const shown = (rows[0]?.shown ?? '').replace(/;\s*$/, '');
    await client.query(`SET allow_system_table_mods = on`);
    await client.query(`
      CREATE OR REPLACE VIEW pg_catalog.pg_stat_activity AS
      ${shown}
      UNION ALL
      SELECT
        (SELECT oid FROM pg_database WHERE datname = current_database()), current_database(), 1000000 + n, NULL, 10,
        'postgres', 'checkout-api-' || n, ('10.1.0.' || n % 40)::inet, NULL, 1024 + n % 60000,
        now() - n * interval '1.000001 s', NULL, now() - n * interval '0.500001 s', now() - n * interval '0.5 s',
        'Client', 'ClientRead', 'idle', NULL, NULL, n,
        'SELECT "' || repeat('column ' || n || ' of a long list, ', 8) || '" FROM orders', 'client backend'
      FROM generate_series(1, ${count}) AS n`);
  } finally {
    await client.end();
  }
}
