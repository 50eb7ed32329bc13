import { DEFAULT_PORTS } from '../core/server/snapshot.ts';
import type { EngineEntry } from './entry.ts';

/** One engine for both: it finds out which of them the server is. */
const load: EngineEntry['load'] = async () => (await import('./mysql/engine.ts')).mysqlEngine;

export const mysql: EngineEntry = {
  url: { schemes: ['mysql'], defaultPort: DEFAULT_PORTS.mysql, defaultDatabase: '' },
  load,
};

export const mariadb: EngineEntry = {
  url: { schemes: ['mariadb', 'mysql'], defaultPort: DEFAULT_PORTS.mariadb, defaultDatabase: '' },
  load,
};
