import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment, type Account, type ServerFolder } from './files/server-files.ts';

export const HOST = '127.0.0.1';
const START_MS = 30_000;
const STOP_MS = 10_000;

/** How a kind of server is run. */
interface ServerProgram {
  /** For errors: "PostgreSQL". */
  readonly name: string;
  /** Program and arguments that start it on a port. It must not go to the background. */
  readonly command: (port: number) => readonly string[];
  readonly account: Account;
  /** In its log once it takes connections. */
  readonly readyMark: string;
  /** `fast` closes sessions in order, `immediate` is a crash; `final` is for a server that is not needed any more. */
  readonly signals: Readonly<Record<'fast' | 'immediate' | 'final', 'SIGINT' | 'SIGTERM' | 'SIGQUIT' | 'SIGKILL'>>;
}

/** A server that runs on a port of the loopback interface and keeps it. */
interface ServerProcess {
  readonly port: number;
  restart(mode: 'fast' | 'immediate'): Promise<void>;
  /** Ends the server and removes its files. May be called again. */
  stop(): Promise<void>;
  /** What the server has logged so far. */
  log(): string;
}

/**
 * Starts a server on the port given, or on any free one. Throws, with the server's log and what to do, when it cannot;
 * its files are removed then. The server ends when this process does, even when that is killed outright.
 */
export async function startServer(
  program: ServerProgram,
  files: ServerFolder,
  wantedPort: number | undefined,
): Promise<ServerProcess> {
  let running: Running;
  try {
    running = await startOnFreePort(program, files, wantedPort);
  } catch (error) {
    await rm(files.folder, { recursive: true, force: true });
    throw error;
  }
  const { port } = running;
  const end = (mode: keyof ServerProgram['signals']) =>
    endProcess(running.child, program.signals[mode], program.signals.immediate);
  let stopped: Promise<string> | null = null;
  let lastLog: string | null = null;
  return {
    port,
    async restart(mode) {
      await end(mode);
      running = await startOnPort(program, files, port);
    },
    async stop() {
      stopped ??= end('final').then(() => readFileSync(files.log, 'utf8'));
      lastLog ??= await stopped;
      await rm(files.folder, { recursive: true, force: true, maxRetries: 5 });
    },
    log: () => lastLog ?? readFileSync(files.log, 'utf8'),
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startOnFreePort(
  program: ServerProgram,
  files: ServerFolder,
  wantedPort: number | undefined,
): Promise<Running> {
  if (wantedPort !== undefined) return startOnPort(program, files, wantedPort);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnPort(program, files, await freePort());
    } catch (error) {
      // Another program took the port between our check and the server's start.
      const portTaken = error instanceof Error && error.message.includes('Address already in use');
      if (!portTaken || attempt === 5) throw error;
    }
  }
}

async function startOnPort(program: ServerProgram, files: ServerFolder, port: number): Promise<Running> {
  const log = openSync(files.log, 'a');
  const loggedBefore = readFileSync(files.log, 'utf8').length;
  const lifeline = ['-c', LIFELINE, 'sh', program.signals.final.slice('SIG'.length)];
  const child = spawn('/bin/sh', [...lifeline, ...program.command(port)], {
    ...program.account,
    cwd: '/',
    env: serverEnvironment(),
    stdio: ['pipe', log, log],
    // Ctrl-C is for the rehearsal to handle; the server ends with it.
    detached: true,
  });
  closeSync(log);
  // Neither the server nor the lifeline keeps our process from ending.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  const startError = (what: string) => {
    const said = readFileSync(files.log, 'utf8').slice(loggedBefore).trim();
    return new Error(`${program.name} did not start: ${what}. Its log:\n${said}`);
  };
  const failure = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      child.stdin?.destroy();
      reject(startError(`it ended with status ${code}`));
    });
  });
  const ready = async () => {
    const deadline = Date.now() + START_MS;
    while (!readFileSync(files.log, 'utf8').slice(loggedBefore).includes(program.readyMark)) {
      if (Date.now() > deadline) throw startError(`it was not ready within ${START_MS / 1000} s`);
      await sleep(20);
    }
  };
  try {
    await Promise.race([failure, ready()]);
  } catch (error) {
    child.kill(program.signals.immediate);
    throw error;
  }
  failure.catch(() => undefined);
  return { child, port };
}

/**
 * Becomes the server, and leaves a watcher behind that stops it (first argument: the signal) when our end of the pipe
 * closes, however this process ended. The watcher is detached twice, so that the server has no child it does not know.
 */
const LIFELINE = 'signal=$1; shift; ( ( read -r _ <&3; kill -"$signal" $$ 2>/dev/null ) & ) 3<&0; exec "$@" </dev/null';

async function endProcess(child: ChildProcess, signal: NodeJS.Signals, lastSignal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.ref();
  child.kill(signal);
  const slow = setTimeout(() => child.kill(lastSignal), STOP_MS);
  await exited;
  clearTimeout(slow);
}

/** A port of the loopback interface that is free right now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on the loopback interface');
  return address.port;
}
