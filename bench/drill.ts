import { runDrill } from '../drill/run.ts';
import { connectionLeak } from '../drill/scenarios/connection-leak.ts';
import { middle } from './median.ts';
import { printTable } from './table.ts';

const RUNS = 3;

/**
 * From the alarm event to the first act and to confirmed relief, in the default drill, against the runbooks' three
 * minutes.
 */
export async function benchDrill(): Promise<void> {
  const results = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    results.push(
      await runDrill(connectionLeak, {
        server: { engine: 'postgres', major: 18 },
        seed,
        onLine: () => undefined,
        show: () => undefined,
        signal: new AbortController().signal,
      }),
    );
  }
  const action = middle(results.map(({ firstActionSeconds }) => firstActionSeconds ?? NaN));
  const relief = middle(results.map(({ reliefSeconds }) => reliefSeconds ?? NaN));
  const innocent = results.reduce((sum, { endedInnocent }) => sum + endedInnocent, 0);
  printTable(
    `Default drill, median of ${RUNS}`,
    ['alarm to first act s', 'alarm to relief s', 'of the 180 s promised', 'innocent sessions ended'],
    [[action.toFixed(1), relief.toFixed(1), `${((100 * relief) / 180).toFixed(1)}%`, String(innocent)]],
  );
}
