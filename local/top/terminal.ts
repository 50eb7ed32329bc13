import { emitKeypressEvents } from 'node:readline';
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import type { ScreenLine } from './screen.ts';

const ESCAPE = String.fromCharCode(27);
/** A screen of its own, without a cursor, on which long lines do not wrap. */
const ENTER = `${ESCAPE}[?1049h${ESCAPE}[?25l${ESCAPE}[?7l`;
const LEAVE = `${ESCAPE}[?7h${ESCAPE}[?25h${ESCAPE}[?1049l`;

/** A terminal that shows one screen after another and reads single keys. */
export interface FullScreen {
  readonly columns: number;
  readonly rows: number;
  draw(lines: readonly ScreenLine[]): void;
  /** Gives the terminal back for as long as `work` takes, as it was before. */
  aside<T>(work: () => Promise<T>): Promise<T>;
  /** Leaves it as it was before. */
  close(): void;
}

/** Both ends are a terminal: there are keys to read, and a screen to draw on. */
export function isTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/** What of a key press a screen goes by. */
type KeyPress = { readonly name?: string; readonly ctrl?: boolean } | undefined;

/**
 * Takes the terminal over. `onKey` gets the names of keys as Node has them (`q`, `up`, `return`), and `q` for Ctrl-C;
 * `onResize` is called when there is more room, or less.
 */
export function takeTerminal(on: { readonly onKey: (key: string) => void; readonly onResize: () => void }): FullScreen {
  const { stdin, stdout } = process;
  emitKeypressEvents(stdin);
  const listen = (text: string | undefined, key: KeyPress): void => {
    on.onKey(key?.ctrl === true && key.name === 'c' ? 'q' : (key?.name ?? text ?? ''));
  };
  let isTaken = false;
  const take = (): void => {
    isTaken = true;
    stdout.write(ENTER);
    stdin.setRawMode(true).resume().on('keypress', listen);
    stdout.on('resize', on.onResize);
  };
  const giveBack = (): void => {
    if (!isTaken) return;
    isTaken = false;
    stdout.off('resize', on.onResize);
    stdin.off('keypress', listen).setRawMode(false).pause();
    stdout.write(LEAVE);
  };
  // Whatever ends the process, a person must be able to type afterwards.
  process.once('exit', giveBack);
  take();
  return {
    get columns() {
      return stdout.columns || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    draw(lines) {
      if (!isTaken) return;
      const texts = lines.map(({ text, style }) => (style === null ? text : paint(style, text)) + `${ESCAPE}[K`);
      stdout.write(`${ESCAPE}[H${texts.join('\r\n')}${ESCAPE}[J`);
    },
    async aside(work) {
      giveBack();
      try {
        return await work();
      } finally {
        take();
      }
    },
    close() {
      giveBack();
      process.off('exit', giveBack);
    },
  };
}

/** Colours where standard output takes them: NO_COLOR is respected. */
function paint(style: Exclude<ScreenLine['style'], null>, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Asks for a line, with what it probably is typed in already; null when Ctrl-C or the end of the input came instead. */
export async function askLine(question: string, proposed = ''): Promise<string | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const ended = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
    const answer = terminal.question(question);
    terminal.write(proposed);
    return (await Promise.race([answer, ended]))?.trim() ?? null;
  } finally {
    terminal.close();
  }
}
