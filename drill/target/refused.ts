import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadSpec } from '../loads/load-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { DrillServer } from './shop.ts';
import { knock, type Look } from './usage-watch.ts';

const KNOCKS = 5;

/** Who is refused, in words. */
export const REFUSED = {
  everybody: 'full: nobody gets in any more',
  ordinary: 'full: ordinary clients are refused',
  limited: 'not full: only clients at a limit of their own are refused',
} as const satisfies Record<Scenario['refused'], string>;

/** A drill on a server that is not full, or not in the way that the scenario says, proves nothing. */
export async function confirmRefused(
  scenario: Scenario,
  specs: readonly LoadSpec[],
  server: DrillServer,
): Promise<void> {
  const { refused } = scenario;
  const limited = specs.filter(({ connectionLimit }) => connectionLimit !== undefined);
  const urls =
    refused === 'limited'
      ? limited.map((spec) => server.urlOf(spec))
      : [server.passerByUrl, ...(refused === 'everybody' ? [server.adminUrl] : [])];
  for (const url of urls) {
    const door = await knockUntilRefused(server, url);
    if (door !== 'refused')
      throw new Error(`the loads of ${scenario.name} did not fill the server: its door is ${door}`);
  }
  if (refused === 'limited' && (await knock(server.choice, server.passerByUrl)) !== 'open')
    throw new Error(`the loads of ${scenario.name} filled the server`);
}

/** Where clients come and go, one knock may meet a slot that is just free. */
async function knockUntilRefused(server: DrillServer, url: string): Promise<Look['door']> {
  for (let knocks = 1; ; knocks++) {
    const door = await knock(server.choice, url);
    if (door === 'refused' || knocks === KNOCKS) return door;
    await sleep(50);
  }
}
