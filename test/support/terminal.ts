import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Started } from './headroom.ts';
import { follow, PROGRAM } from './headroom.ts';

/** A program in a terminal of its own. What it says, on either stream, comes as standard error. */
export interface InTerminal extends Pick<Started, 'finished' | 'said'> {
  /** As keys are pressed; `\u0003` is Ctrl-C. */
  type(keys: string): void;
  /** Resolves once it has said these words after those that were waited for here before. */
  next(words: string): Promise<void>;
  /** As when its window is closed. */
  kill(): void;
}

/** Starts the program in a terminal, as the foreground job there: what is typed reaches it as a terminal passes it on. */
export function startInTerminal(args: readonly string[], environment: NodeJS.ProcessEnv = {}): InTerminal {
  return startWith('exec', args, environment);
}

/** Likewise, in a terminal of a size, which can change. */
export async function startInWindow(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<InTerminal & { resize(columns: number, rows: number): void }> {
  const started = startWith('tty; stty cols 80 rows 24; exec', args, environment);
  const [device = ''] = await started.said(/\/dev\/\S+/);
  return {
    ...started,
    resize: (columns, rows) => void execFileSync('stty', ['-F', device, 'cols', String(columns), 'rows', String(rows)]),
  };
}

function startWith(shell: string, args: readonly string[], environment: NodeJS.ProcessEnv): InTerminal {
  const words = [process.execPath, PROGRAM, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--command', `${shell} ${words.join(' ')}`, '/dev/null'],
    {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], ...environment },
      stdio: 'pipe',
    },
  );
  const followed = follow(child, child.stdout);
  let said = '';
  let read = 0;
  child.stdout.on('data', (text: string) => (said += text));
  return {
    ...followed,
    type: (keys) => void child.stdin.write(keys),
    kill: () => void child.kill('SIGKILL'),
    async next(words) {
      const ended = followed.finished.then(() => 'ended');
      while (!said.includes(words, read)) {
        if ((await Promise.race([once(child.stdout, 'data'), ended])) === 'ended')
          throw new Error(`it ended without saying "${words}":\n${said.slice(read)}`);
      }
      read = said.indexOf(words, read) + words.length;
    },
  };
}
