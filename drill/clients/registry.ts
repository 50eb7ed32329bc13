import type { EngineName } from '../../functions/core/server/snapshot.ts';
import type { Client } from './client.ts';

/** Loads an engine's driver, and no other. */
export async function clientFor(engine: EngineName): Promise<Client> {
  if (engine === 'postgres') return (await import('./postgres-client.ts')).postgresClient;
  return (await import('./mysql-client.ts')).mysqlClient;
}
