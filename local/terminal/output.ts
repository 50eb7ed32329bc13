import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** One document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One of many documents on standard output, each on a line of its own. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A line for people on standard output: what the command was asked for. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line on standard error: progress, warnings. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Colour where standard error is a terminal that wants it. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}
