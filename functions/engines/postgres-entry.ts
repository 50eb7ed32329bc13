import { DEFAULT_PORTS } from '../core/server/snapshot.ts';
import type { EngineEntry } from './entry.ts';

export const postgres: EngineEntry = {
  url: { schemes: ['postgresql', 'postgres'], defaultPort: DEFAULT_PORTS.postgres, defaultDatabase: 'postgres' },
  load: async () => (await import('./postgres/engine.ts')).postgresEngine,
};
