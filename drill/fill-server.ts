import type { Line } from '../local/terminal/narrator.ts';
import type { Cleanup } from './cleanup.ts';
import { loadSpec, type LoadInput, type LoadSpec } from './loads/load-spec.ts';
import { startLoad, type Load } from './loads/load.ts';
import type { DrillServer } from './target/drill-server.ts';
import type { Slots } from './target/server-choice.ts';

interface FillOptions {
  /** The same seed gives the loads the same habits. */
  readonly seed: number;
  readonly onLine: (line: Line) => void;
  readonly cleanup: Cleanup;
}

/** The loads with all their settings; without those whose login the server cannot have. */
export function loadSpecsOf(loads: readonly LoadInput[], { hasReservedRole }: Slots): readonly LoadSpec[] {
  return loads.map((load) => loadSpec.parse(load)).filter(({ login }) => login !== 'reserved' || hasReservedRole);
}

/** Starts loads one after the other, each when the one before it has all its sessions. */
export async function fillServer(
  specs: readonly LoadSpec[],
  server: DrillServer,
  { seed, onLine, cleanup }: FillOptions,
): Promise<Load[]> {
  const loads: Load[] = [];
  for (const [index, spec] of specs.entries()) {
    const load = startLoad(server.choice.engine, spec, server.urlOf(spec), seed + index);
    cleanup.add(() => load.stop());
    loads.push(load);
    await load.ready;
    const text = `${spec.name}: ${load.tally().sessions.length} sessions (${spec.label})`;
    onLine({ at: Date.now(), kind: 'detail', text });
  }
  return loads;
}
