import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadSpec } from '../loads/load-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { DrillServer } from './drill-server.ts';
import { tryLogin, type LoginResult } from './usage-watch.ts';

const MOST_TRIES = 5;

/** Who is refused, in words. */
export const REFUSED = {
  everybody: 'full: no client gets in any more',
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
    const login = await tryUntilRefused(server, url);
    if (login !== 'refused')
      throw new Error(`the loads of ${scenario.name} did not fill the server: a login was ${login}`);
  }
  if (refused === 'limited' && (await tryLogin(server.choice, server.passerByUrl)) !== 'admitted')
    throw new Error(`the loads of ${scenario.name} filled the server`);
}

/** Where clients come and go, one login may meet a slot that is just free. */
async function tryUntilRefused(server: DrillServer, url: string): Promise<LoginResult> {
  for (let tries = 1; ; tries++) {
    const login = await tryLogin(server.choice, url);
    if (login === 'refused' || tries === MOST_TRIES) return login;
    await sleep(50);
  }
}
