import { UNBOUNDED } from '../../functions/core/policy/bounds.ts';
import type { WorkerSettings } from '../../functions/core/protocol/worker-settings.ts';

/** The settings of a worker that finds its two logins in the variables RESPONDER and CANARY, changed as a test says. */
export function byUrl(engine: WorkerSettings['engine'], changed: Partial<WorkerSettings> = {}): WorkerSettings {
  return {
    engine,
    instance: 'orders',
    host: null,
    port: null,
    database: null,
    auth: { mode: 'url', variable: 'RESPONDER', canaryVariable: 'CANARY' },
    tls: { mode: 'disable', ca: null },
    statements: 'redacted',
    bounds: UNBOUNDED,
    ...changed,
  };
}
