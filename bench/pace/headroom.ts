import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { MAX_CONNECTIONS, type PaceServer } from './server.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/headroom.js', import.meta.url));
const EVERY_SECONDS = 10;

const victim = z.object({
  user: z.nullable(z.string()),
  method: z.string(),
  result: z.nullable(z.string()),
  reason: z.string(),
});
const cause = z.nullable(z.object({ name: z.string(), confidence: z.number(), evidence: z.array(z.string()) }));
const shown = z.object({
  incident: z.object({ id: z.string(), openedAt: z.number(), outcome: z.nullable(z.string()), cause }),
  rounds: z.array(
    z.object({
      round: z.number(),
      at: z.number(),
      usage: z.nullable(z.number()),
      canary: z.nullable(z.string()),
      cause,
      next: z.string(),
      why: z.string(),
      planned: z.record(z.string(), z.number()),
      spared: z.record(z.string(), z.number()),
    }),
  ),
  acts: z.array(z.object({ tier: z.string(), round: z.number(), victims: z.array(victim) })),
});
/** An incident as its record has it. Times are epoch milliseconds. */
export type ShownIncident = z.infer<typeof shown>;

const noticeLine = z.object({ event: z.literal('notice'), notice: z.string(), subject: z.string(), body: z.string() });
export interface SeenNotice extends z.infer<typeof noticeLine> {
  readonly at: number;
}

/** `headroom watch` as a person runs it, with its records in a folder of its own. */
export interface Watching {
  readonly notices: readonly SeenNotice[];
  /** Ends it as Ctrl-C does, and reads its records. */
  stop(): Promise<readonly ShownIncident[]>;
}

interface WatchSettings {
  readonly engine: EngineName;
  readonly folder: string;
  readonly policy: Readonly<Record<string, unknown>>;
}

/** Starts it, with the default policy but for what is given, and settles when it has taken its first sample. */
export async function startWatching(server: PaceServer, { engine, folder, policy }: WatchSettings): Promise<Watching> {
  const config = join(folder, 'headroom.yaml');
  await writeFile(config, stringify({ targets: [targetOf(server, engine, policy)] }));
  const env = { PATH: process.env['PATH'], PACE_URL: server.responderUrl, PACE_CANARY_URL: server.canaryUrl };
  const options = ['--config', config, '--records', join(folder, 'records'), '--json'];
  const child = spawn(
    process.execPath,
    [PROGRAM, 'watch', ...options, '--every', String(EVERY_SECONDS), '--port', '0'],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stderr.pipe(createWriteStream(join(folder, 'watch.log')));
  const heard = hear(child.stdout, createWriteStream(join(folder, 'watch.jsonl')));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`headroom watch ended with ${String(code)}; see ${folder}/watch.log`);
  });
  await Promise.race([heard.first, ended]);
  ended.catch(() => undefined);
  const ask = async (args: readonly string[]): Promise<unknown> => {
    const command = [PROGRAM, 'incidents', ...args, ...options];
    const { stdout } = await promisify(execFile)(process.execPath, command, { env, maxBuffer: 1 << 28 });
    return JSON.parse(stdout);
  };
  return {
    notices: heard.notices,
    async stop() {
      child.kill('SIGINT');
      await ended.catch(() => undefined);
      const incidents = z.array(z.object({ id: z.string() })).parse(await ask(['list']));
      const found: ShownIncident[] = [];
      for (const { id } of incidents) found.push(shown.parse(await ask(['show', id])));
      return found.sort((a, b) => a.incident.openedAt - b.incident.openedAt);
    },
  };
}

function targetOf(server: PaceServer, engine: EngineName, policy: WatchSettings['policy']): Record<string, unknown> {
  return {
    id: 'pace',
    engine,
    auth: { mode: 'url', variable: 'PACE_URL', canaryVariable: 'PACE_CANARY_URL' },
    tls: { mode: 'disable' },
    maxConnections: MAX_CONNECTIONS,
    reservedSlots: MAX_CONNECTIONS - server.usable,
    mode: 'act',
    policy,
  };
}

/** Reads what the program prints, and keeps it. `first` settles with the first line. */
function hear(output: Readable, copy: Writable): { readonly notices: SeenNotice[]; readonly first: Promise<void> } {
  const notices: SeenNotice[] = [];
  const lines = createInterface(output);
  lines.on('line', (line) => {
    copy.write(`${line}\n`);
    const notice = noticeLine.safeParse(JSON.parse(line));
    if (notice.success) notices.push({ at: Date.now(), ...notice.data });
  });
  return { notices, first: once(lines, 'line').then(() => undefined) };
}
