/**
 * Refuses to go on where processes cannot be frozen and ended as a run needs it: on Windows, which has neither a POSIX
 * shell nor signals. Throws a sentence that says where it does run.
 */
export function needPosix(what: string): void {
  if (process.platform !== 'win32') return;
  throw new Error(
    `${what} needs a POSIX shell and signals, which Windows does not have: run it in WSL, or on Linux or macOS`,
  );
}
