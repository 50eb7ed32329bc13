import type { EngineName } from '../core/server/snapshot.ts';
import type { EngineEntry } from './entry.ts';
import { mariadb, mysql } from './mysql-entry.ts';
import { postgres } from './postgres-entry.ts';

const ENGINES: Readonly<Record<EngineName, EngineEntry>> = { postgres, mysql, mariadb };

/** For programs that meet every engine. A worker's bundle holds one: see `functions/worker/handlers`. */
export function engineEntry(name: EngineName): EngineEntry {
  return ENGINES[name];
}
