import { Client } from 'pg';

/** What the pretended sessions show, by column of pg_stat_get_activity; `n` counts them. All else is null. */
const SHOWN: Readonly<Record<string, string>> = {
  datid: '(SELECT oid FROM pg_database WHERE datname = current_database())',
  pid: '1000000 + n',
  usesysid: '10::oid',
  application_name: "'checkout-api-' || n",
  state: "'idle'",
  query: `'SELECT "' || repeat('column ' || n || ' of a long list, ', 8) || '" FROM orders'`,
  wait_event_type: "'Client'",
  wait_event: "'ClientRead'",
  query_start: "now() - n * interval '0.500001 s'",
  backend_start: "now() - n * interval '1.000001 s'",
  state_change: "now() - n * interval '0.5 s'",
  client_addr: "('10.1.0.' || n % 40)::inet",
  client_port: '1024 + n % 60000',
  backend_type: "'client backend'",
};

/**
 * Has PostgreSQL show so many more sessions in one database than it has: sessions of an application on 40 machines, each
 * with a long statement of its own. No server on this machine could hold them, and the statement that reads them, the
 * driver and the parser take them for real ones. `url`: of a superuser, at that database.
 */
export async function pretendSessions(url: string, count: number): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ arguments: string; name: string; type: string; mode: string }>(`
      SELECT pg_get_function_arguments(p.oid) AS arguments, c.name, c.type::regtype::text AS type, c.mode
      FROM pg_proc AS p, unnest(p.proargnames, p.proallargtypes, p.proargmodes) AS c (name, type, mode)
      WHERE p.oid = 'pg_catalog.pg_stat_get_activity'::regproc`);
    const shown = rows
      .filter(({ mode }) => mode !== 'i')
      .map(({ name, type }) => `(${SHOWN[name] ?? 'NULL'})::${type}`)
      .join(', ');
    const signature = `(${rows[0]?.arguments ?? ''}) RETURNS SETOF record STABLE PARALLEL RESTRICTED`;
    await client.query(`SET allow_system_table_mods = on`);
    await client.query(`
      CREATE FUNCTION pg_catalog.pg_stat_get_real_activity ${signature}
        LANGUAGE internal AS 'pg_stat_get_activity';
      CREATE OR REPLACE FUNCTION pg_catalog.pg_stat_get_activity ${signature} LANGUAGE sql AS $pretended$
        SELECT * FROM pg_catalog.pg_stat_get_real_activity($1)
        UNION ALL
        SELECT ${shown} FROM generate_series(1, ${count}) AS n
      $pretended$`);
  } finally {
    await client.end();
  }
}
