import { setTimeout as sleep } from 'node:timers/promises';
import { createCleanup } from '../../drill/cleanup.ts';
import { fillServer, loadSpecsOf } from '../../drill/fill-server.ts';
import type { LoadSpec } from '../../drill/loads/load-spec.ts';
import type { Scenario } from '../../drill/scenario/scenario.ts';
import type { DrillServer } from '../../drill/target/drill-server.ts';
import { slotsOf, type ServerChoice } from '../../drill/target/server-choice.ts';
import { startDrillServer } from '../../drill/target/start-server.ts';
import { tryLogin } from '../../drill/target/usage-watch.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { parseLoginUrl } from '../../functions/engines/shared/doors/login-url.ts';

/** How long the full server is left alone before the first look, and between the two. */
const RIPEN_MS = 60_000;
const LOOK_MS = 30_000;
const QUERY_MS = 10_000;

export interface Watched {
  readonly specs: readonly LoadSpec[];
  readonly snapshots: readonly [Snapshot, Snapshot];
}

/** A real server, filled by the loads of a rehearsal and looked at twice. Nobody is ended. */
export async function watchServer(scenario: Scenario, choice: ServerChoice): Promise<Watched> {
  const cleanup = createCleanup();
  try {
    const specs = loadSpecsOf(scenario.loads, slotsOf(scenario, choice));
    const server = await startDrillServer(scenario, specs, choice);
    cleanup.add(() => server.stop());
    const look = await openEye(server);
    cleanup.add(() => Promise.resolve(look.close()));
    await fillServer(specs, server, { seed: 1, onLine: () => undefined, cleanup });
    await sleep(RIPEN_MS);
    const first = await look.take();
    await sleep(LOOK_MS);
    return { specs, snapshots: [first, await look.take()] };
  } finally {
    await cleanup.run();
  }
}

/** A session of the responder, which is there before the trouble. */
async function openEye(server: DrillServer) {
  const { engine: name } = server.choice;
  const { load, url } = engineEntry(name);
  const engine = await load();
  const login = {
    ...parseLoginUrl(server.responderUrl, 'responder', url),
    tls: { mode: 'disable', ca: null } as const,
  };
  const canary = parseLoginUrl(server.canaryUrl, 'canary', url);
  const options = { instance: '', canaryUser: canary.user, statements: 'redacted' } as const;
  const session = await engine.connect(login, options, QUERY_MS);
  const take = async (): Promise<Snapshot> => {
    const seen = await session.snapshot(QUERY_MS);
    const isRefused = (await tryLogin(server.choice, server.passerByUrl)) === 'refused';
    const refusal = { kind: 'full', code: '', message: '' } as const;
    return {
      ...seen,
      halfOpen: { count: 0, inferred: false },
      canary: isRefused ? { result: 'refused', refusal } : { result: 'admitted', tookMs: 5 },
    };
  };
  return {
    take,
    close: () => {
      session.close();
    },
  };
}
