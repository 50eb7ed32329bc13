import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseConfig } from '../lib/config/config.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import { openBed, workerSettingsOf, type Bed } from './servers/beds.ts';
import { printTable } from './table.ts';

const FUNCTION_MB = 512;
const SNAPSHOTS = 5;

/**
 * The most memory that a process takes: the bundled worker that takes some snapshots of a thousand real sessions, and a
 * diagnosis of five thousand generated ones that came as JSON, against a Node process that does nothing. A function has
 * 512 MB.
 */
export async function benchMemory(): Promise<void> {
  const bare = peakMb('', {});
  const rows: string[][] = [];
  const row = (what: string, sessions: number, mb: number) =>
    rows.push([what, String(sessions), mb.toFixed(0), bare.toFixed(0), `${((100 * mb) / FUNCTION_MB).toFixed(0)}%`]);
  for (const engine of ['postgres', 'mysql', 'mariadb'] as const) {
    const bed = await openBed(engine, 1_000);
    try {
      row(`worker on ${bed.title}`, 1_000, await peakOfWorker(bed));
    } finally {
      await bed.close();
    }
  }

  row('diagnosis', 5_000, peakMb(DIAGNOSE, {}));
  printTable('Memory at its peak', ['what', 'sessions', 'MB', 'nothing MB', `of ${FUNCTION_MB} MB`], rows);
}

const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
const DIAGNOSE = `
  const { mixedSessions } = await import(${at('plan.ts')});
  const { diagnoseSnapshot } = await import(${at('../functions/core/verdict/diagnosis.ts')});
  const { NO_HISTORY } = await import(${at('../functions/core/plan/tier-plan.ts')});
  const { aPolicy, aSnapshot } = await import(${at('../test/support/a-session.ts')});
  const payload = JSON.stringify(aSnapshot(5000, mixedSessions(5000)));
  for (let n = 0; n < ${SNAPSHOTS}; n++) diagnoseSnapshot(JSON.parse(payload), { policy: aPolicy(), mode: 'act' }, NO_HISTORY);`;

async function peakOfWorker(bed: Bed): Promise<number> {
  const config = `targets: [{ id: bench, engine: ${bed.engine}, auth: { mode: url, variable: RESPONDER }, maxConnections: 100 }]`;
  const { functions } = await synthesize(parseConfig(config, 'bench'));
  const worker = functions.find(({ name }) => name === 'headroom-worker-bench');
  if (worker === undefined) throw new Error('there is no bundle of the worker');
  const bundle = pathToFileURL(join(worker.assetFolder, 'index.mjs')).href;
  const take = `
    const { handler } = await import(${JSON.stringify(bundle)});
    for (let n = 0; n < ${SNAPSHOTS}; n++) {
      const answer = await handler({ schema: 1, kind: 'snapshot', deadline: Date.now() + 20000, patienceMs: 0 });
      if (!answer.ok || answer.snapshot.sessions.length < 1000) throw new Error('not all sessions were seen');
    }`;
  return peakMb(take, { HEADROOM_WORKER: JSON.stringify(workerSettingsOf(bed)), RESPONDER: bed.responderUrl });
}

function peakMb(script: string, env: Readonly<Record<string, string>>): number {
  const whole = `${script}\nprocess.stdout.write(String(process.resourceUsage().maxRSS / 1024)); process.exit(0);`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', whole], {
    encoding: 'utf8',
    env,
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}
