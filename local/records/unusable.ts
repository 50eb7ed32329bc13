/** The records folder cannot be used. Shown without a stack. */
export class RecordsUnusable extends Error {
  constructor(folder: string | null, reason: string, options?: ErrorOptions) {
    const which = folder === null ? 'the records' : `--records ${folder}`;
    const fix = reason === FULL ? 'free some space, or name another folder' : 'name a folder of yours';
    super(`${which} cannot be written (${reason}): ${fix} with --records`, options);
    this.name = 'RecordsUnusable';
  }
}

const FULL = 'the disk is full';
/** How the system and LevelDB say it, and what it means. */
const REASONS: readonly (readonly [said: RegExp, reason: string])[] = [
  [/EACCES|EPERM|Permission denied/, 'permission denied'],
  [/EROFS|Read-only file system/, 'the file system is read-only'],
  [/ENOSPC|EDQUOT|EFBIG|No space left|quota exceeded|File too large/, FULL],
  [/EEXIST|ENOTDIR|Not a directory/, 'a file is in its place'],
];

/** An error of opening or writing the folder in words; every other error comes back unchanged. `folder`: null when unknown. */
export function explainUnusable(folder: string | null, error: unknown): unknown {
  const said = wordsOf(error);
  const known = REASONS.find(([pattern]) => pattern.test(said));
  return known === undefined ? error : new RecordsUnusable(folder, known[1], { cause: error });
}

/**
 * Ends the process with `lastWords` when an error comes from where nobody can catch it, as those of a disk that fills up
 * do. It returns the exit status.
 */
export function endOnUncaught(lastWords: (error: unknown) => number): void {
  process.once('uncaughtException', (error) => process.exit(lastWords(explainUnusable(null, error))));
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return `${code} ${error.message} ${error.cause === undefined ? '' : wordsOf(error.cause)}`;
}
