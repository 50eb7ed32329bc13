import type { LoadSpec } from '../loads/load-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { DrillServer } from './drill-server.ts';
import type { ServerChoice } from './server-choice.ts';

/** Starts the server. Throws, having stopped it again, when it cannot be furnished. */
export async function startDrillServer(
  scenario: Scenario,
  loads: readonly LoadSpec[],
  choice: ServerChoice,
): Promise<DrillServer> {
  if (choice.engine === 'postgres')
    return (await import('./postgres-shop.ts')).startPostgresShop(scenario, loads, choice);
  return (await import('./mysql-shop.ts')).startMysqlShop(scenario, loads, choice);
}
