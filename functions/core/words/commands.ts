/**
 * Runs Headroom where it is: in a clone, in a project that has installed it, or from a global installation. Elsewhere
 * `--no` keeps npx from fetching a stranger's package of that name.
 */
const PROGRAM = 'npx --no headroom';

/** The options without which a command would look somewhere else. Null: its default leads there. */
export interface CommandPlace {
  /** The configuration, as its reader names it. */
  readonly config: string | null;
  /** The folder of local records. */
  readonly records: string | null;
}

/** What a command is about. */
export interface CommandSubject {
  /** Id of the target. */
  readonly id: string;
  readonly commands?: CommandPlace | undefined;
}

/** Commands about one target, which is named in case the configuration has several. */
const OF_A_TARGET = /^(doctor|end|grants|plan|profile|rehearse|respond|top)\b/;
/** Commands that read no records. */
const WITHOUT_RECORDS = /^(doctor|grants)\b/;

/** A command as its reader must type it. `words`: what follows the program's name, such as `incidents show ID`. */
export function commandFor(words: string, { id, commands }: CommandSubject): string {
  const option = (name: string, value: string | null | undefined): string =>
    value == null || words.includes(`--${name} `) ? '' : ` --${name} ${quoted(value)}`;
  return [
    `${PROGRAM} ${words}`,
    OF_A_TARGET.test(words) ? option('target', id) : '',
    option('config', commands?.config),
    WITHOUT_RECORDS.test(words) ? '' : option('records', commands?.records),
  ].join('');
}

/** A text with its commands, `headroom …` in backticks, as its reader must type them. */
export function withCommands(text: string, subject: CommandSubject): string {
  return text.replace(/`headroom ([a-z][^`\n]*)`/g, (_, words: string) => `\`${commandFor(words, subject)}\``);
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
