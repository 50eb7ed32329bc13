import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startPostgres, createLogins } from '../drill/servers/postgres.ts';
import { fitAnswer } from '../functions/core/protocol/fit-answer.ts';
import { bytesOf } from '../functions/core/protocol/packing.ts';
import type { EngineName } from '../functions/core/server/snapshot.ts';
import { parseConfig } from '../lib/config/config.ts';
import type { FunctionSpec } from '../local/lambda/function-spec.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import { aFullServer, AURORAS_MOST } from '../test/support/a-crowd.ts';
import { pretendSessions } from '../test/support/pretended-sessions.ts';
import { openBed, workerSettingsOf } from './servers/beds.ts';
import { printTable } from './table.ts';

const SNAPSHOTS = 5;

/**
 * The most memory that a process takes, with a heap as large as its Lambda function, against a Node process that does
 * nothing. The bundled worker takes some snapshots: of a thousand real sessions, and of 16,000 that PostgreSQL pretends.
 * The steps work on 16,000 generated sessions, Aurora's most, that came as a worker sends them.
 */
export async function benchMemory(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'headroom-bench-'));
  const rows: string[][] = [];
  const bare = peakMb('', { env: {}, memoryMb: 256 });
  const row = (what: string, sessions: number, { peak, memoryMb }: Measured) =>
    rows.push([
      what,
      String(sessions),
      peak.toFixed(0),
      bare.peak.toFixed(0),
      String(memoryMb),
      `${((100 * peak) / memoryMb).toFixed(0)}%`,
    ]);
  try {
    for (const engine of ['postgres', 'mysql', 'mariadb'] as const) {
      const bed = await openBed(engine, 1_000);
      try {
        row(`worker on ${bed.title}`, 1_000, await peakOfWorker(bed, 1_000));
      } finally {
        await bed.close();
      }
    }
    row('worker on PostgreSQL 18', AURORAS_MOST, await peakOfPretence());
    const answers = [
      ['ordinary', 'postgres'],
      ['hostile', 'postgres'],
      ['hostile', 'mysql'],
      ['hostile', 'mariadb'],
    ] as const;
    for (const [kind, engine] of answers) {
      const file = join(folder, `${engine}-${kind}.json`);
      const bytes = writeAnswer(file, engine, kind);
      const memoryMb = await memoryOf('headroom-diagnose');
      const named = `${kind} names on ${engine}, an answer of ${(bytes / 1e6).toFixed(1)} MB`;
      row(`worker’s packing of ${named}`, AURORAS_MOST, peakMb(packing(engine, kind), { env: {}, memoryMb }));
      row(`diagnose and act on ${named}`, AURORAS_MOST, peakMb(diagnoseAndAct(file), { env: {}, memoryMb }));
    }
    printTable('Memory at its peak', ['what', 'sessions', 'MB', 'nothing MB', 'function MB', 'of it'], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Measured {
  readonly peak: number;
  readonly memoryMb: number;
}

const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** As a worker's handler answers, in a file. */
function writeAnswer(file: string, engine: EngineName, kind: 'ordinary' | 'hostile'): number {
  const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
  const answer = fitAnswer({ schema: 1, ok: true, admission, snapshot: aFullServer(engine, kind) });
  writeFileSync(file, JSON.stringify(answer));
  return bytesOf(answer);
}

/** The generated sessions are in memory too, as those that were read are in a worker's. */
const packing = (engine: EngineName, kind: 'ordinary' | 'hostile') => `
  const { aFullServer } = await import(${at('../test/support/a-crowd.ts')});
  const { fitAnswer } = await import(${at('../functions/core/protocol/fit-answer.ts')});
  const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 };
  const snapshot = aFullServer(${JSON.stringify(engine)}, ${JSON.stringify(kind)});
  for (let n = 0; n < 2; n++) JSON.stringify(fitAnswer({ schema: 1, ok: true, admission, snapshot }));`;

/** Both steps, in one process with the whole local table: more than either function has to hold. */
const diagnoseAndAct = (file: string) => `
  const { readFileSync } = await import('node:fs');
  const { act } = await import(${at('../functions/act/act.ts')});
  const { diagnose } = await import(${at('../functions/diagnose/diagnose.ts')});
  const { unpack } = await import(${at('../functions/core/protocol/packing.ts')});
  const { aPolicy, aTarget } = await import(${at('../test/support/a-session.ts')});
  const { StepWorld } = await import(${at('../test/support/step-world.ts')});
  const world = await StepWorld.create();
  const target = aTarget({ id: 'bench', policy: aPolicy({ minimumPerPool: 0 }) });
  const incidentId = await world.openIncident(target);
  const answer = () => {
    const { snapshot, ...rest } = unpack(JSON.parse(readFileSync(${JSON.stringify(file)}, 'utf8')));
    return Promise.resolve({ ...rest, snapshot: { ...snapshot, at: world.at } });
  };
  const deps = { ...world, worker: { ...world.worker, snapshot: answer } };
  const { round } = await diagnose({ schema: 1, incidentId }, deps);
  for (const tier of ['break-locks', 'kill-idle', 'cancel-long', 'end-idle-transactions'])
    await act({ schema: 1, incidentId, round, tier }, deps).catch((error) => {
      if (error.name !== 'ActRepeated') throw error;
    });
  await diagnose({ schema: 1, incidentId }, deps);`;

const CONFIG = `targets: [{ id: bench, engine: postgres, auth: { mode: url, variable: RESPONDER }, maxConnections: 100 }]`;

async function functionNamed(name: string, config = CONFIG): Promise<FunctionSpec> {
  const { functions } = await synthesize(parseConfig(config, 'bench'));
  const found = functions.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no function ${name}`);
  return found;
}

async function memoryOf(name: string): Promise<number> {
  return (await functionNamed(name)).memoryMb;
}

/** PostgreSQL cannot have 16,000 sessions here, but it can show them. */
async function peakOfPretence(): Promise<Measured> {
  const server = await startPostgres({ major: 18 });
  try {
    const { responderUrl } = await createLogins(server);
    await pretendSessions(server.adminUrl, AURORAS_MOST);
    return await peakOfWorker({ engine: 'postgres', responderUrl }, AURORAS_MOST);
  } finally {
    await server.stop();
  }
}

async function peakOfWorker(
  bed: Readonly<{ engine: EngineName; responderUrl: string }>,
  sessions: number,
): Promise<Measured> {
  const { assetFolder, memoryMb } = await functionNamed(
    'headroom-worker-bench',
    CONFIG.replace('postgres', bed.engine),
  );
  const take = `
    const { handler } = await import(${JSON.stringify(pathToFileURL(join(assetFolder, 'index.mjs')).href)});
    const { unpack } = await import(${at('../functions/core/protocol/packing.ts')});
    for (let n = 0; n < ${SNAPSHOTS}; n++) {
      const answer = await handler({ schema: 1, kind: 'snapshot', deadline: Date.now() + 20000, patienceMs: 0 });
      if (n === 0 && unpack(answer).snapshot.sessions.length < ${sessions}) throw new Error('not all sessions were seen');
    }`;
  const env = { HEADROOM_WORKER: JSON.stringify(workerSettingsOf(bed)), RESPONDER: bed.responderUrl };
  return peakMb(take, { env, memoryMb });
}

function peakMb(
  script: string,
  { env, memoryMb }: { readonly env: Readonly<Record<string, string>>; readonly memoryMb: number },
): Measured {
  const whole = `${script}\nprocess.stdout.write(String(process.resourceUsage().maxRSS / 1024)); process.exit(0);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [`--max-old-space-size=${memoryMb}`, '--input-type=module', '--eval', whole],
    { encoding: 'utf8', env },
  );
  if (status !== 0) throw new Error(stderr);
  return { peak: Number(stdout), memoryMb };
}
