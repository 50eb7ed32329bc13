import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = 'npx --no headroom ';

/** A command as it is printed, and where. */
export interface PrintedCommand {
  readonly where: string;
  readonly text: string;
}

const PAGES = ['*.md', '*.yaml', 'docs/**/*.md', '{functions,local,drill,corpus}/**/README.md'];

/** Every command of the pages: lines of code blocks, and code among words, that begin with a program of ours. */
export function commandsInPages(): PrintedCommand[] {
  return globSync(PAGES, { cwd: ROOT, exclude: ['node_modules/**'] }).flatMap((page) =>
    commandsIn(page, readFileSync(join(ROOT, page), 'utf8')),
  );
}

/** The same of one text. What the generated policy page shows is in tables, and so is among words. */
function commandsIn(where: string, text: string): PrintedCommand[] {
  const found = text.split('\n').flatMap((line) => [
    // An example of a transcript is indented too, and has no program in front.
    ...[/^(?: {3,4})?((?:npx|npm|aws|cdk|headroom) .*)$/.exec(line)?.[1] ?? ''].flatMap(splitLine),
    ...[...line.matchAll(/`((?:npx|npm|aws|cdk|headroom) [^`]+)`/g)].map(([, code = '']) => code),
  ]);
  return found.filter((command) => !/^headroom …/.test(command)).map((command) => ({ where, text: command }));
}

/** Without the comment behind it; one line may hold several. */
function splitLine(line: string): string[] {
  return line
    .replace(/\s+#.*$/, '')
    .split(' && ')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Every command in the text of a message: to the end of its line, or of the code it is in. */
export function commandsInMessage(where: string, text: string): PrintedCommand[] {
  const found = text.matchAll(/(?:npx --no )?\bheadroom (?:[a-z]+)(?: [^`\n]*)?/g);
  return [...found].flatMap(([command]) => (NAMES.test(command) ? [{ where, text: command.trimEnd() }] : []));
}

const NAMES =
  /headroom (acknowledge|doctor|drill|end|grants|incidents|limits|pause|plan|profile|respond|resume|schema|watch)\b/;

/** Every command that a text of the code can hold: in backticks, or made with `commandFor`. */
export function commandsInCode(): PrintedCommand[] {
  return globSync('{functions,lib,local,drill}/**/*.ts', { cwd: ROOT }).flatMap((file) => {
    const code = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
    const made = [...code.matchAll(/commandFor\(\s*['`]((?:\$\{[^}]*\}|[^'`])*)['`]/g)];
    const quoted = [...code.matchAll(/\\?`headroom ([a-z](?:\$\{[^}]*\}|[^`\\])*)\\?`/g)];
    return [...made, ...quoted]
      .map(([, words = '']) => ({ where: file, text: `${PROGRAM}${words.replaceAll(/\$\{[^}]*\}/g, 'x')}` }))
      .filter(({ text }) => NAMES.test(text));
  });
}

/** The arguments of one of our commands as a shell passes them on; null for another program's. */
export function argumentsOf(text: string): string[] | null {
  const words = /^(?:npx --no (?:-- )?)?headroom (.*)$/.exec(text)?.[1];
  if (words === undefined) return null;
  const parts = words.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g);
  return [...parts].map(([part]) => part.replaceAll(/["']/g, ''));
}

/** It is given values, so somebody may type it; without any it only names what is meant. */
export function isToBeTyped(text: string): boolean {
  const words = argumentsOf(text) ?? [];
  return words.some(
    (word, index) =>
      /[A-Z….,*\d]/.test(word) ||
      (index > 0 && words[index - 1]?.startsWith('--') && !word.startsWith('--') && word !== '|'),
  );
}
