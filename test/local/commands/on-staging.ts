import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import * as z from 'zod';
import type { Load } from '../../../drill/loads/load.ts';
import { COMPRESSED } from '../../../drill/scenario/scenario.ts';
import { runHeadroom, type Finished } from '../../support/headroom.ts';
import { startLeakingServer, type LeakingServer } from '../../support/leaking-server.ts';
import { runInProcess } from '../../support/program.ts';

const OF_RECORDS = new Set(['acknowledge', 'incidents', 'limits', 'pause', 'resume']);

/** A server that can leak, anew for each test of a file, and the program beside it with records of its own. */
export interface OnStaging {
  readonly staging: () => LeakingServer;
  /** The leak, idle for as long as the compressed policy asks. */
  readonly leak: () => Promise<Load>;
  /** The option that names the records. */
  readonly records: () => readonly string[];
  /** In a process of its own, but for commands that only read and write records. */
  readonly run: (args: readonly string[], environment?: NodeJS.ProcessEnv) => Promise<Finished>;
  readonly respond: (config: string, environment?: NodeJS.ProcessEnv) => Promise<Finished>;
  /** Subjects of what was delivered. */
  readonly notices: () => string[];
}

export function onStaging(limitableUsers: readonly string[] = []): OnStaging {
  let server: LeakingServer;
  beforeEach(async () => {
    server = await startLeakingServer(limitableUsers);
  });
  afterEach(() => server.stop());

  const records = () => ['--records', join(server.folder, 'records')];
  const run: OnStaging['run'] = (args, changed = {}) => {
    const environment = { ...server.environment, ...changed };
    return OF_RECORDS.has(args[0] ?? '')
      ? runInProcess(args, { folder: server.folder, environment })
      : runHeadroom(args, environment);
  };
  return {
    staging: () => server,
    records,
    run,
    respond: (config, environment) => run(['respond', '--config', config, '--json', ...records()], environment),
    async leak() {
      const load = await server.leak();
      await sleep(COMPRESSED.ages.idleSeconds * 1_000);
      return load;
    },
    notices() {
      const file = join(server.folder, 'notices');
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => z.looseObject({ subject: z.string() }).parse(JSON.parse(line)).subject);
    },
  };
}
