import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { loadMessage, type LoadMessage, type LoadSpec, type ToLoad } from './load-spec.ts';

/** A session as the client that opened it knows it: what it was for, and how it ended. */
export interface LabelledSession {
  readonly id: number;
  /** With the id, its identity as Headroom's records have it. */
  readonly incarnation: string;
  readonly purpose: string;
  /** `lost`: the server ended it. */
  readonly end: 'open' | 'closed' | 'lost';
}

export interface LoadTally {
  readonly spec: LoadSpec;
  readonly sessions: readonly LabelledSession[];
  /** Sessions of ours with a statement that was cancelled. */
  readonly cancelled: readonly number[];
  /** Errors its clients saw, by SQLSTATE (PostgreSQL) or error number. */
  readonly errors: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly worked: number;
}

export interface Load {
  /** Settles when all sessions are open; rejects when the load broke. */
  readonly ready: Promise<void>;
  /** Tells it that the alarm has gone off. */
  alarm(): void;
  tally(): LoadTally;
  /** Closes its sessions and ends. Settles when the server has let them go. */
  leave(): Promise<void>;
  /** Ends the process and with it every session it still has. */
  stop(): Promise<void>;
}

const PROCESS = fileURLToPath(new URL('load-process.ts', import.meta.url));
const READY_MS = 30_000;

/** Starts a load in a process of its own. `url` is for the spec's user. */
export function startLoad(engine: EngineName, spec: LoadSpec, url: string, seed: number): Load {
  // Nothing else of our environment: PG* variables would change what the driver does.
  const { NODE_COMPILE_CACHE } = process.env;
  const child = fork(PROCESS, {
    env: { NODE_COMPILE_CACHE },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const sessions = new Map<number, LabelledSession>();
  const cancelled = new Set<number>();
  const errors: Record<string, number> = {};
  let refused = 0;
  let worked = 0;

  const note = (message: LoadMessage) => {
    switch (message.type) {
      case 'opened':
        sessions.set(message.id, {
          id: message.id,
          incarnation: message.incarnation,
          purpose: message.purpose,
          end: 'open',
        });
        break;
      case 'closed':
      case 'lost': {
        const session = sessions.get(message.id);
        if (session !== undefined) sessions.set(message.id, { ...session, end: message.type });
        if (message.type === 'lost') errors[message.code] = (errors[message.code] ?? 0) + 1;
        break;
      }
      case 'failed':
        errors[message.code] = (errors[message.code] ?? 0) + 1;
        if (message.cancelled) cancelled.add(message.id);
        break;
      case 'refused':
        refused++;
        break;
      case 'worked':
        worked++;
        break;
      case 'ready':
      case 'broken':
        break;
      default:
        message satisfies never;
    }
  };

  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`load "${spec.name}" ${why}`));
    const late = setTimeout(() => fail(`was not ready within ${READY_MS / 1000} s`), READY_MS);
    child.on('message', (raw) => {
      const message = loadMessage.parse(raw);
      note(message);
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
  const tell = (message: ToLoad) => child.send(message);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  tell({ type: 'order', engine, spec, url, seed });

  return {
    ready,
    alarm() {
      if (child.connected) tell({ type: 'alarm' });
    },
    tally: () => ({ spec, sessions: [...sessions.values()], cancelled: [...cancelled], errors, refused, worked }),
    async leave() {
      if (hasEnded()) return;
      const exited = once(child, 'exit');
      tell({ type: 'leave' });
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
