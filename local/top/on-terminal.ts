import { errorWords } from '../../functions/core/words/error-words.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { say } from '../terminal/output.ts';
import type { ConsumerRow, Picture } from './picture.ts';
import { screenOf } from './screen.ts';
import { askLine, takeTerminal } from './terminal.ts';

/** What a key leads to, with the terminal as it was before: gets the consumer that is chosen, and all that are shown. */
export type KeyAction = (chosen: ConsumerRow | null, rows: readonly ConsumerRow[]) => Promise<void>;

export interface OnTerminal {
  /** Shows pictures, one after another, until the signal; each is waited for. */
  readonly run: (show: (one: Picture) => Promise<void>, signal: AbortSignal) => Promise<void>;
  /** By the key's name. */
  readonly actions: Readonly<Record<string, KeyAction>>;
  readonly footer: string;
}

/** Shows pictures until `q`, Ctrl-C or a signal. Throws what `run` throws, and leaves the terminal clean all the same. */
export async function showOnTerminal({ run, actions, footer }: OnTerminal): Promise<void> {
  const stopping = new AbortController();
  const shown = new Shown(footer);
  /** A command that has the terminal. */
  const command: { running: Promise<void> | null } = { running: null };
  const onKey = (key: string): void => {
    // What is typed meanwhile is for the command.
    if (command.running !== null) return;
    if (key === 'q' || key === 'escape') stopping.abort();
    if (key === 'space') shown.isHeld = !shown.isHeld;
    if (key === 'up' || key === 'down') shown.choose(key === 'up' ? -1 : 1);
    const action = actions[key];
    if (action === undefined) draw();
    else command.running = leaveFor(action).finally(() => (command.running = null));
  };
  const leaveFor = async (action: KeyAction): Promise<void> => {
    await screen.aside(async () => {
      await action(shown.chosenRow(), shown.rows()).catch((error: unknown) => say(`headroom: ${errorWords(error)}`));
      // The screen has an exit status of its own.
      process.exitCode = 0;
      await askLine('\nEnter goes back to the picture. ');
    });
    draw();
  };
  const draw = (): void => screen.draw(shown.lines(screen));
  const screen = takeTerminal({ onKey, onResize: draw });
  const stopListening = onInterrupt(() => stopping.abort());
  const show = async (one: Picture): Promise<void> => {
    if (!shown.isHeld) shown.picture = one;
    draw();
    await command.running;
  };
  try {
    await Promise.race([run(show, stopping.signal), untilAborted(stopping.signal)]);
    await command.running;
  } finally {
    stopListening();
    screen.close();
  }
}

/** What is on the screen, and which consumer is chosen: by its name, since rows change places. */
class Shown {
  picture: Picture | null = null;
  isHeld = false;
  readonly #footer: string;
  #chosen: string | null = null;

  constructor(footer: string) {
    this.#footer = footer;
  }

  choose(by: number): void {
    const rows = this.rows();
    const next = Math.min(rows.length - 1, Math.max(0, (this.#place() ?? (by > 0 ? -1 : 1)) + by));
    this.#chosen = rows[next]?.name ?? null;
  }

  chosenRow(): ConsumerRow | null {
    return this.rows()[this.#place() ?? -1] ?? null;
  }

  lines({ columns, rows }: { readonly columns: number; readonly rows: number }) {
    const footer = this.isHeld ? [`HELD: space goes on.  ${this.#footer}`] : [this.#footer];
    const chosen = this.#place();
    return this.picture === null ? [] : screenOf(this.picture, { columns, rows, chosen, footer });
  }

  rows(): readonly ConsumerRow[] {
    return this.picture?.result === 'seen' ? this.picture.consumers : [];
  }

  #place(): number | null {
    const place = this.rows().findIndex(({ name }) => name === this.#chosen);
    return place < 0 ? null : place;
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
