import type { EngineName } from '../core/snapshot.ts';
import type { Engine } from './engine.ts';
import type { UrlScheme } from './login-url.ts';

export interface EngineEntry {
  readonly url: UrlScheme;
  /** Loads the engine and its driver, and no other. */
  readonly load: () => Promise<Engine>;
}

const ENGINES: Partial<Record<EngineName, EngineEntry>> = {
  postgres: {
    url: { schemes: ['postgresql', 'postgres'], defaultPort: 5432, defaultDatabase: 'postgres' },
    load: async () => (await import('./postgres/engine.ts')).postgresEngine,
  },
};

/** Throws for an engine that is not built yet. */
export function engineEntry(name: EngineName): EngineEntry {
  const entry = ENGINES[name];
  if (entry === undefined) {
    throw new Error(`engine: "${name}" is not built yet; use one of ${Object.keys(ENGINES).join(', ')}`);
  }
  return entry;
}
