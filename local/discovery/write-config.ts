import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { parseConfig } from '../../lib/config/config.ts';

/** The text of a file, or null when there is none. */
export function readIfThere(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/**
 * Puts a configuration in the place of `before`, whole or not at all. Throws ConfigInvalid when it is none, and when
 * somebody has changed the file since it was read.
 */
export function writeConfig(file: string, text: string, before: string | null): void {
  parseConfig(text, file);
  // A link stays one.
  const place = existsSync(file) ? realpathSync(file) : file;
  const temporary = join(dirname(place), `.${basename(place)}.${randomUUID()}`);
  try {
    const mode = before === null ? 0o644 : statSync(place).mode;
    writeFileSync(temporary, text, { flag: 'wx', mode, flush: true });
    if (readIfThere(file) !== before)
      throw new Error(`${file} was changed meanwhile; nothing was written, run this again`);
    renameSync(temporary, place);
  } finally {
    rmSync(temporary, { force: true });
  }
}
