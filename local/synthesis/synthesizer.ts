import { fork, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { programBeside } from '../machine/program-beside.ts';

const CHILD = programBeside(import.meta.url, 'synthesis-child');
/** Between two drills. Nobody else comes again so soon, and it takes memory. */
const IDLE_MS = 60_000;

/** What the process that synthesizes gets. */
export interface SynthesisOrder {
  readonly config: HeadroomConfig;
  readonly outdir: string;
}

interface Running {
  readonly child: ChildProcess;
  /** What it was loaded from. */
  readonly sources: string;
  readonly said: () => string;
}

let running: Running | null = null;
let last: Promise<unknown> = Promise.resolve();
let idle: NodeJS.Timeout | undefined;

/**
 * Synthesizes in a process of its own, which stays for a while: to load the CDK takes several times as long as to
 * synthesize. It ends with this process. `sources` names the contents of the code; where they are others, so is the
 * process. Rejects with what the process has said when it fails.
 */
export function synthesizeInProcess(order: SynthesisOrder, sources: string): Promise<void> {
  const turn = last.then(() => carryOut(order, sources));
  last = turn.catch(() => undefined);
  return turn;
}

async function carryOut(order: SynthesisOrder, sources: string): Promise<void> {
  clearTimeout(idle);
  if (running?.sources !== sources || !running.child.connected) {
    end();
    running = start(sources);
  }
  const { child, said } = running;
  const done = new AbortController();
  holdUp(child, true);
  try {
    await new Promise<void>((resolve, reject) => {
      const onClose = (code: number | null, signal: NodeJS.Signals | null): void =>
        reject(
          new Error(`the stacks could not be synthesized (${signal ?? `exit status ${String(code)}`}):\n${said()}`),
        );
      child.once('message', resolve).once('error', reject).once('close', onClose);
      done.signal.addEventListener('abort', () =>
        child.off('message', resolve).off('error', reject).off('close', onClose),
      );
      // What becomes of it shows by its answer or its end.
      child.send(order, () => undefined);
    });
  } catch (error) {
    end();
    throw error;
  } finally {
    done.abort();
    holdUp(child, false);
  }
  idle = setTimeout(end, IDLE_MS).unref();
}

function start(sources: string): Running {
  const child = fork(CHILD, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let output = '';
  // Between two orders its end shows by its being disconnected.
  child.on('error', () => undefined);
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, sources, said: () => output.trim() };
}

function end(): void {
  if (running?.child.connected === true) running.child.disconnect();
  running = null;
}

/** Whether this process waits for it before it ends by itself. */
function holdUp(child: ChildProcess, isAtWork: boolean): void {
  const verb = isAtWork ? 'ref' : 'unref';
  child[verb]();
  child.channel?.[verb]();
  if (child.stderr instanceof Socket) child.stderr[verb]();
}
