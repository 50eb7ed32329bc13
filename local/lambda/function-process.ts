import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Keeper } from '../machine/keeper.ts';
import { programBeside } from '../machine/program-beside.ts';
import type { FunctionEvent, OnProgress } from '../machine/progress.ts';
import type { ChildMessage, ChildSettings, FunctionError, InvokeMessage } from './child-protocol.ts';
import type { FunctionSpec } from './function-spec.ts';

/** As Lambda has it. */
const INIT_LIMIT_MS = 10_000;
const BOOTSTRAP = programBeside(import.meta.url, 'bootstrap');

/**
 * `thrown` is the handler's own error. `sandbox` is Lambda's: the process timed out, crashed or could not load its
 * code.
 */
export type InvocationResult =
  | { readonly kind: 'answered'; readonly payload: string }
  | { readonly kind: 'thrown' | 'sandbox'; readonly error: FunctionError };

export interface ProcessSettings {
  readonly spec: FunctionSpec;
  readonly environment: Readonly<Record<string, string>>;
  /** `host:port` each. */
  readonly reachable: readonly string[];
  /** The only folder the process may write to. */
  readonly home: string;
  readonly keeper: Keeper;
  readonly onProgress: OnProgress;
}

/**
 * One execution environment: a process that lives from its cold start until it is killed, and answers one event at a
 * time.
 */
export interface FunctionProcess {
  readonly pid: number;
  isAlive(): boolean;
  /** `event` is JSON text. Thaws the process, and freezes it again once it has answered. */
  invoke(event: string): Promise<InvocationResult>;
  /** Returns when the process is gone. An invocation that runs ends as a crash. */
  kill(): Promise<void>;
}

/**
 * Starts the process and loads its code; the time that takes is not the invocation's. A failure to load is a result.
 */
export async function startFunctionProcess(settings: ProcessSettings): Promise<FunctionProcess | InvocationResult> {
  const child = spawnChild(settings);
  const pid = child.pid;
  if (pid === undefined) {
    const [reason] = (await once(child, 'error')) as [Error];
    return sandbox('Runtime.ExitError', `${settings.spec.name} did not start: ${reason.message}`);
  }
  const started = new ChildFunction(settings, child, pid);
  return (await started.load()) ?? started;
}

class ChildFunction implements FunctionProcess {
  readonly pid: number;
  readonly #settings: ProcessSettings;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #endedBy: 'timed-out' | 'killed' | null = null;

  constructor(settings: ProcessSettings, child: ChildProcess, pid: number) {
    const { spec, keeper, onProgress } = settings;
    this.pid = pid;
    this.#settings = settings;
    this.#child = child;
    keeper.guardProcess(pid);
    this.#gone = new Promise<void>((resolve) => child.once('exit', () => resolve())).then(() =>
      keeper.releaseProcess(pid),
    );
    // A process that cannot be signalled or spoken to any more shows by its end, or by not answering.
    child.on('error', () => undefined);
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'refused') this.#report('refused', message.detail);
    });
    relayLines(child.stdout, spec.name, onProgress);
    relayLines(child.stderr, spec.name, onProgress);
  }

  /** Waits until the code is loaded. Null when it is, else why not; then the process is gone. */
  async load(): Promise<InvocationResult | null> {
    const timedOut = `Init timed out after ${(INIT_LIMIT_MS / 1000).toFixed(2)} seconds`;
    const first = await this.#converse(INIT_LIMIT_MS, timedOut);
    if (first.kind === 'sandbox') return first;
    if (first.kind !== 'ready') {
      await this.kill();
      return first.kind === 'init-failed'
        ? { kind: 'sandbox', error: first.error }
        : sandbox('Runtime.Unknown', first.kind);
    }
    this.#report('cold-start');
    return null;
  }

  isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async invoke(event: string): Promise<InvocationResult> {
    const { timeoutMs } = this.#settings.spec;
    const requestId = randomUUID();
    this.#child.kill('SIGCONT');
    const message: InvokeMessage = { kind: 'invoke', requestId, event, deadline: Date.now() + timeoutMs };
    // A process that is gone already shows as an exit below.
    this.#child.send(message, () => undefined);
    const timedOut = `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
    const answer = await this.#converse(timeoutMs, timedOut);
    if (answer.kind === 'sandbox' || answer.kind === 'thrown') return answer;
    if (this.isAlive() && this.#child.kill('SIGSTOP')) this.#report('frozen');
    if (answer.kind === 'answered') return { kind: 'answered', payload: answer.payload };
    if (answer.kind === 'threw') return { kind: 'thrown', error: answer.error };
    return sandbox('Runtime.Unknown', `unexpected ${answer.kind}`);
  }

  async kill(): Promise<void> {
    if (this.isAlive()) {
      this.#endedBy ??= 'killed';
      this.#child.kill('SIGKILL');
      if (this.#endedBy === 'killed') this.#report('killed');
    }
    await this.#gone;
  }

  /** Waits for an answer; a process that ends or takes too long is one too. */
  async #converse(limitMs: number, timedOut: string): Promise<ChildMessage | InvocationResult> {
    const answer = await nextAnswer(this.#child, limitMs);
    if (answer === 'timeout') {
      this.#endedBy = 'timed-out';
      await this.kill();
      this.#report('timed-out', timedOut);
      return sandbox('Sandbox.Timedout', timedOut);
    }
    if (answer !== 'exit') return answer;
    await this.#gone;
    const { exitCode, signalCode } = this.#child;
    const status = signalCode === null ? `exit status ${String(exitCode)}` : `signal: ${signalCode}`;
    if (this.#endedBy === null) this.#report('crashed', status);
    return sandbox('Runtime.ExitError', `Error: Runtime exited with error: ${status}`);
  }

  #report(event: FunctionEvent['event'], detail = ''): void {
    const { spec, onProgress } = this.#settings;
    onProgress({ kind: 'function', at: Date.now(), name: spec.name, pid: this.pid, event, detail });
  }
}

function spawnChild({ spec, environment, reachable, home }: ProcessSettings): ChildProcess {
  const settings: ChildSettings = { assetFolder: spec.assetFolder, handler: spec.handler, reachable };
  return spawn(
    process.execPath,
    [
      `--max-old-space-size=${spec.memoryMb}`,
      // Without child processes, worker threads and native code there is no way around the loopback guard.
      '--permission',
      '--allow-fs-read=*',
      `--allow-fs-write=${home}`,
      BOOTSTRAP,
      JSON.stringify(settings),
    ],
    {
      cwd: home,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C reaches the program that runs the workflow, which still needs its functions then.
      detached: true,
    },
  );
}

/**
 * The next message that answers something, `exit` when the process ends first, `timeout` when neither comes in time.
 */
async function nextAnswer(child: ChildProcess, limitMs: number): Promise<ChildMessage | 'exit' | 'timeout'> {
  if (child.exitCode !== null || child.signalCode !== null) return 'exit';
  const done = new AbortController();
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve('timeout'), limitMs);
      const onMessage = (message: ChildMessage): void => {
        if (message.kind !== 'refused') resolve(message);
      };
      const onExit = (): void => resolve('exit');
      child.on('message', onMessage).on('exit', onExit);
      done.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
      });
    });
  } finally {
    done.abort();
  }
}

function sandbox(errorType: string, errorMessage: string): InvocationResult & { kind: 'sandbox' } {
  return { kind: 'sandbox', error: { errorType, errorMessage, trace: [] } };
}

function relayLines(stream: Readable | null, name: string, onProgress: OnProgress): void {
  if (stream === null) return;
  createInterface({ input: stream }).on('line', (line) =>
    onProgress({ kind: 'function-log', at: Date.now(), name, line }),
  );
}
