import { connectionLeak } from '../drill/scenarios/connection-leak.ts';
import { runawayQuery } from '../drill/scenarios/runaway-query.ts';
import type { ServerChoice } from '../drill/server-choice.ts';
import { measureHeadroom, measureRemedy, type Outcome } from './peers/compare.ts';
import { fetchPtKill } from './peers/pt-kill.ts';
import { ptKill, runbook, type Remedy } from './peers/remedies.ts';
import { printTable } from './table.ts';

/** Headroom beside what people use today, on the same loads in the same run: time to relief, and who paid for it. */
export async function benchPeers(): Promise<void> {
  const program = await fetchPtKill();
  const servers: ServerChoice[] = [{ engine: 'postgres', major: 18 }, { engine: 'mysql' }, { engine: 'mariadb' }];
  const rows: string[][] = [];
  for (const [scenario, kind] of [
    [connectionLeak, 'idle'],
    [runawayQuery, 'busy'],
  ] as const) {
    for (const server of servers) {
      const remedies: Remedy[] = server.engine === 'postgres' ? [runbook] : [runbook, ptKill(program, kind)];
      rows.push(rowOf(scenario.name, server, await measureHeadroom(scenario, server)));
      for (const remedy of remedies)
        rows.push(rowOf(scenario.name, server, await measureRemedy(scenario, server, remedy)));
    }
  }
  printTable(
    'Headroom and its peers',
    ['scenario', 'engine', 'remedy', 'alarm to relief s', 'ended', 'innocent ended', 'usage later %'],
    rows,
  );
}

function rowOf(scenario: string, { engine }: ServerChoice, outcome: Outcome): string[] {
  const { remedy, reliefSeconds, ended, innocentEnded, usageLater } = outcome;
  return [
    scenario,
    engine,
    remedy,
    reliefSeconds === null ? 'never' : reliefSeconds.toFixed(1),
    String(ended),
    String(innocentEnded),
    usageLater.toFixed(0),
  ];
}
