import { spawn } from 'node:child_process';
import type { Started } from './headroom.ts';
import { follow, PROGRAM } from './headroom.ts';

/** A program in a terminal of its own. What it says, on either stream, comes as standard error. */
export interface InTerminal extends Pick<Started, 'finished' | 'said'> {
  /** As keys are pressed; `\u0003` is Ctrl-C. */
  type(keys: string): void;
}

/** Starts the program in a terminal, as the foreground job there: what is typed reaches it as a terminal passes it on. */
export function startInTerminal(args: readonly string[], environment: NodeJS.ProcessEnv = {}): InTerminal {
  const words = [process.execPath, PROGRAM, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--command', `exec ${words.join(' ')}`, '/dev/null'],
    {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...environment },
      stdio: 'pipe',
    },
  );
  return { ...follow(child, child.stdout), type: (keys) => void child.stdin.write(keys) };
}
