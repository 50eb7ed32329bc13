import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { jsonText } from '../../functions/core/words/json-text.ts';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import { UsageError } from '../options/usage-error.ts';
import { picture, type Picture } from './picture.ts';

/** What is seen, one line of JSON for each picture. */
export interface Recording {
  add(one: Picture): void;
  close(): void;
}

/**
 * Begins a file that only its owner may read. Throws UsageError where there is one already, or where it cannot be
 * written.
 */
export function beginRecording(file: string): Recording {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    return { add: (one) => void writeSync(descriptor, `${jsonText(one)}\n`), close: () => closeSync(descriptor) };
  } catch (error) {
    throw new UsageError(`--record ${file}: ${reasonOf(error, 'cannot be written')}; name a new file`);
  }
}

/** Throws UsageError with the line that is no picture. */
export function readRecording(file: string): Picture[] {
  const pictures = textOf(file)
    .split('\n')
    .flatMap((line, index) => {
      if (line.trim() === '') return [];
      const one = picture.safeParse(parseJson(line));
      if (!one.success) {
        throw new UsageError(
          `--replay ${file}: line ${index + 1} is no picture; name a file that --record has written`,
        );
      }
      return [one.data];
    });
  if (pictures.length === 0) throw new UsageError(`--replay ${file}: holds no picture; record one with --record FILE`);
  return pictures;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `--replay ${file}: ${reasonOf(error, 'cannot be read')}; name a file that --record has written`,
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'is there already, and is not overwritten',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'is a folder',
  EACCES: 'permission denied',
};

function reasonOf(error: unknown, otherwise: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? otherwise;
}
