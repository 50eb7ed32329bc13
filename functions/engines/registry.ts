import { DEFAULT_PORTS, type EngineName } from '../core/server/snapshot.ts';
import type { Engine } from './shared/engine.ts';
import type { UrlScheme } from './shared/doors/login-url.ts';

interface EngineEntry {
  readonly url: UrlScheme;
  /** Loads the engine and its driver, and no other. */
  readonly load: () => Promise<Engine>;
}

const ENGINES: Readonly<Record<EngineName, EngineEntry>> = {
  postgres: {
    url: { schemes: ['postgresql', 'postgres'], defaultPort: DEFAULT_PORTS.postgres, defaultDatabase: 'postgres' },
    load: async () => (await import('./postgres/engine.ts')).postgresEngine,
  },
  mysql: {
    url: { schemes: ['mysql'], defaultPort: DEFAULT_PORTS.mysql, defaultDatabase: '' },
    load: loadMysql,
  },
  mariadb: {
    url: { schemes: ['mariadb', 'mysql'], defaultPort: DEFAULT_PORTS.mariadb, defaultDatabase: '' },
    load: loadMysql,
  },
};

/** One engine for both: it finds out which of them the server is. */
async function loadMysql(): Promise<Engine> {
  return (await import('./mysql/engine.ts')).mysqlEngine;
}

export function engineEntry(name: EngineName): EngineEntry {
  return ENGINES[name];
}
