import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { programBeside } from '../../local/machine/program-beside.ts';
import { loadMessage, type LoadSpec, type ToLoad } from './load-spec.ts';
import { RunningTally, type LoadTally } from './tally.ts';

export interface Load {
  /** Settles when all sessions are open; rejects when the load broke. */
  readonly ready: Promise<void>;
  /** Reports to it that the alarm has gone off. */
  alarm(): void;
  tally(): LoadTally;
  /** Closes its sessions and ends. Settles when the server has let them go. */
  leave(): Promise<void>;
  /** Ends the process and with it every session it still has. */
  stop(): Promise<void>;
}

const PROCESS = programBeside(import.meta.url, 'load-process');
const READY_MS = 120_000;

/** Starts a load in a process of its own. `url` is for the spec's user. */
export function startLoad(engine: EngineName, spec: LoadSpec, url: string, seed: number): Load {
  // Nothing else of our environment: PG* variables would change what the driver does.
  const { NODE_COMPILE_CACHE } = process.env;
  const child = fork(PROCESS, {
    env: { NODE_COMPILE_CACHE },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const tally = new RunningTally(spec);

  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`load "${spec.name}" ${why}`));
    const late = setTimeout(() => fail(`was not ready within ${READY_MS / 1000} s`), READY_MS);
    child.on('message', (raw) => {
      const message = loadMessage.parse(raw);
      tally.note(message);
      if (message.type === 'broken') fail(`broke: ${message.message}`);
      if (message.type !== 'ready') return;
      clearTimeout(late);
      resolve();
    });
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code, signal) => {
      clearTimeout(late);
      fail(`ended with ${signal ?? `status ${code}`}`);
    });
  });
  const send = (message: ToLoad) => child.send(message);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  send({ type: 'order', engine, spec, url, seed });

  return {
    ready,
    alarm() {
      if (child.connected) send({ type: 'alarm' });
    },
    tally: () => tally.read(),
    async leave() {
      if (hasEnded()) return;
      const exited = once(child, 'exit');
      send({ type: 'leave' });
      await exited;
    },
    async stop() {
      if (hasEnded()) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
