import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { needPosix } from './posix.ts';

/**
 * Ends what a runtime leaves behind when the process around it dies, however it dies: a process that is stopped cannot
 * notice by itself that its parent is gone. A small shell waits for the end of its input, which comes with the parent's
 * end, and then kills the processes and removes the folders that are still on its list.
 */
export interface Keeper {
  guardProcess(pid: number): void;
  releaseProcess(pid: number): void;
  /** Removed at the end. Only for folders that the runtime itself made. */
  guardFolder(path: string): void;
  /** Kills and removes what is still on the list, and returns when that is done. */
  stop(): Promise<void>;
}

/** Lines come as `+p PID`, `-p PID` and `+d FOLDER`. */
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
set --
while read -r verb word; do
  case $verb in
    +p) pids="$pids$word " ;;
    -p) case $pids in *" $word "*) pids="\${pids%% $word *} \${pids#* $word }" ;; esac ;;
    +d) set -- "$@" "$word" ;;
  esac
done
for pid in $pids; do kill -s KILL "$pid"; done
for folder; do rm -rf -- "$folder"; done
`;

export function startKeeper(): Keeper {
  needPosix('a run of the workflow on this machine');
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
  });
  const exited = once(shell, 'exit');
  shell.unref();
  // Neither the shell nor the pipe to it keeps a program alive that has nothing else to do.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  // A shell that somebody has ended takes no more lines.
  shell.stdin.on('error', () => undefined);
  const send = (verb: string, word: string | number): void => {
    shell.stdin.write(`${verb} ${word}\n`);
  };
  return {
    guardProcess: (pid) => send('+p', pid),
    releaseProcess: (pid) => send('-p', pid),
    guardFolder: (path) => send('+d', path),
    async stop() {
      shell.ref();
      shell.stdin.end();
      await exited;
    },
  };
}
