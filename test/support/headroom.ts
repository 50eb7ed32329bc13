import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bin/headroom.js', import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly finished: Promise<Finished>;
  /** Resolves with the match once standard error has it; rejects when the program ends without it. */
  said(words: string | RegExp): Promise<readonly string[]>;
  /** As Ctrl-C does. */
  interrupt(): void;
  /** Reads no more of what it says, as `head` does. */
  leave(): void;
}

/** Starts the program as a person does: in its own process, with this environment on top of a bare one, and types. */
export function startHeadroom(args: readonly string[], environment: NodeJS.ProcessEnv = {}, typed = ''): Started {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...environment },
    stdio: 'pipe',
  });
  // A program that does not read what is typed does not fail.
  child.stdin.on('error', () => undefined);
  child.stdin.end(typed);
  return {
    ...follow(child, child.stderr),
    interrupt: () => child.kill('SIGINT'),
    leave() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

/** `heard`: the stream of it that `said` listens to. */
export function follow(child: ChildProcessWithoutNullStreams, heard: Readable): Pick<Started, 'finished' | 'said'> {
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  heard.on('data', (text: string) => {
    all += text;
    for (const listener of listeners) listener();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
  return {
    finished,
    said: (words) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = typeof words === 'string' ? all.includes(words) && [words] : all.match(words);
          if (match) resolve(match);
        };
        listeners.add(look);
        look();
        void finished.then(() => reject(new Error(`it ended without saying "${String(words)}":\n${all}`)));
      }),
  };
}

export function runHeadroom(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  typed = '',
): Promise<Finished> {
  return startHeadroom(args, environment, typed).finished;
}
