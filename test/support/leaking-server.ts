import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadSpec } from '../../drill/loads/load-spec.ts';
import { startLoad, type Load } from '../../drill/loads/load.ts';
import { COMPRESSED } from '../../drill/scenario/scenario.ts';
import { connectionLeak } from '../../drill/scenarios/connection-leak.ts';
import type { DrillServer } from '../../drill/target/drill-server.ts';
import { startDrillServer } from '../../drill/target/start-server.ts';

const RESPONDER = 'STAGING_URL';
const CANARY = 'STAGING_CANARY_URL';

/** A server that someone else runs, a leak that can fill it, and a configuration that names it. */
export interface LeakingServer {
  readonly server: DrillServer;
  readonly folder: string;
  /** What the configuration expects to find. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Writes a configuration with these fields of the target changed, and returns its path. `deliverySeconds` is how long
   * a notice takes to reach a person.
   */
  configure(changes?: Readonly<Record<string, unknown>>, deliverySeconds?: number): string;
  /** Fills it until ordinary clients are refused. */
  leak(): Promise<Load>;
  stop(): Promise<void>;
}

/** `limitableUsers`: those that the responder may limit. */
export async function startLeakingServer(limitableUsers: readonly string[] = []): Promise<LeakingServer> {
  const scenario = {
    ...connectionLeak,
    limitableUsers,
    server: { maxConnections: 40, superuserReserved: 3, reserved: 2 },
  };
  const spec = loadSpec.parse(scenario.loads[1]);
  const server = await startDrillServer(scenario, [spec], { engine: 'postgres', major: 18 });
  const folder = mkdtempSync(join(tmpdir(), 'headroom-test-'));
  const loads: Load[] = [];
  let configurations = 0;
  return {
    server,
    folder,
    environment: { [RESPONDER]: server.responderUrl, [CANARY]: server.canaryUrl },
    configure(changes = {}, deliverySeconds = 0) {
      configurations += 1;
      const file = join(folder, `headroom-${configurations}.yaml`);
      const target = {
        id: 'staging',
        engine: 'postgres',
        auth: { mode: 'url', variable: RESPONDER, canaryVariable: CANARY },
        tls: { mode: 'disable' },
        mode: 'act',
        rehearsal: true,
        policy: COMPRESSED,
      };
      const notices = join(folder, 'notices');
      const notify = { command: `sleep ${deliverySeconds}; cat >> ${notices}; echo >> ${notices}` };
      writeFileSync(file, stringify({ notify, targets: [{ ...target, ...changes }] }));
      return file;
    },
    async leak() {
      const load = startLoad('postgres', spec, server.urlOf(spec), 1);
      loads.push(load);
      await load.ready;
      return load;
    },
    async stop() {
      await Promise.all(loads.map((load) => load.stop()));
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
