import { styleText } from 'node:util';
import { jsonText } from '../../functions/core/words/json-text.ts';

type Style = Parameters<typeof styleText>[0];

/**
 * Lets whoever reads the output leave before its end, as `head` does: what is written afterwards goes nowhere, and the
 * command goes on, since it may be in the middle of an act. Every other error of the streams is thrown.
 */
export function letReaderLeave(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** One document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value, 2)}\n`);
}

/** One of many documents on standard output, each on a line of its own. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`);
}

/** A line for people on standard output: what the command was asked for. */
export function print(line: string): void {
  process.stdout.write(`${harmless(line)}\n`);
}

/** A script for another program, to the byte. */
export function printScript(script: string): void {
  process.stdout.write(`${script}\n`);
}

/** A line on standard error: progress, warnings. */
export function say(line: string): void {
  process.stderr.write(`${harmless(line)}\n`);
}

/** A colour, as styleText writes it; or what moves the cursor, turns text round or shows nothing. */
const OBEYED = new RegExp(`(${String.fromCharCode(27)}\\[[\\d;]+m)|(?![\\n\\t])[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]`, 'gu');

/** Text with our own colours and line breaks, and nothing else that a terminal would obey. */
export function harmless(text: string): string {
  return text.replace(OBEYED, (_, colour: string | undefined) => colour ?? '·');
}

/** Colour where standard error is a terminal that wants it. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}
