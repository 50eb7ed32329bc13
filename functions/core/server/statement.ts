/** How much of a statement leaves the worker. */
export type StatementDetail = 'redacted' | 'verb' | 'verbatim';

export type Dialect = 'postgres' | 'mysql';

export interface Statement {
  /**
   * First keyword, upper case; empty when the text begins with none. If one text has several statements, nobody can see
   * which of them runs: if one is maintenance, its keyword is used.
   */
  readonly verb: string;
  /** At most 200 characters on one line; null when only the verb may leave the worker. */
  readonly text: string | null;
  /** Its author asks in a comment that the session be left alone. */
  readonly isOptedOut: boolean;
}

/**
 * The words of an opt-out. They belong near the beginning of a statement, as servers cut long ones off. We search the
 * whole text and not just its comments: where a comment ends is not always certain, and sparing one session too many is
 * harmless.
 */
const OPT_OUT = 'headroom:keep';

/** Statements whose work is long and cannot be resumed. */
const MAINTENANCE_VERBS: ReadonlySet<string> = new Set([
  'VACUUM',
  'ANALYZE',
  'CLUSTER',
  'REINDEX',
  'CREATE',
  'ALTER',
  'DROP',
  'TRUNCATE',
  'REFRESH',
  'COPY',
  'OPTIMIZE',
  'REPAIR',
  'RENAME',
  'LOAD',
]);

export function isMaintenance(verb: string): boolean {
  return MAINTENANCE_VERBS.has(verb);
}

const MAX_TEXT = 200;
/** Only this much is read: it fills the output unless literals or comments are very long. */
const MAX_READ = 4096;

/**
 * What may leave the worker of a statement. Redacted: literals (numbers, strings of every form) become `?` and comments
 * are dropped. From the first place where it is not certain what is literal, the rest is dropped too: an unterminated
 * string (servers cut statements off), a backslash before a quote, values that need no quotes (SET). Linear in the
 * first 4 kB.
 */
export function redactStatement(statement: string, dialect: Dialect, detail: StatementDetail): Statement {
  const text = statement.slice(0, MAX_READ);
  const shared = { verb: verbOf(text, dialect), isOptedOut: text.includes(OPT_OUT) };
  switch (detail) {
    case 'verb':
      return { ...shared, text: null };
    case 'verbatim':
      return { ...shared, text: oneLine(text) };
    case 'redacted':
      return { ...shared, text: oneLine(redactedTokens(text, dialect).join('')) };
  }
}

/** Whether a statement begins with these words, given in upper case, whatever blanks and comments it has. */
export function opensWith(text: string, dialect: Dialect, words: readonly string[]): boolean {
  let at = 0;
  const next = (): string => {
    while (at < text.length) {
      const { emit, end } = readToken(text, at, dialect);
      at = end ?? text.length;
      if (emit !== ' ') return emit.toUpperCase();
    }
    return '';
  };
  return words.every((word) => next() === word);
}

function verbOf(text: string, dialect: Dialect): string {
  const isSingle = !text.includes(';');
  let first: string | null = null;
  let begins = true;
  for (let at = 0; at < text.length;) {
    const { emit, end } = readToken(text, at, dialect);
    if (end === null) break;
    at = end;
    if (emit === ';') begins = true;
    if (!begins || /^[\s(;]$/.test(emit)) continue;
    begins = false;
    const word = /^[A-Za-z_]{1,32}/.exec(emit)?.[0].toUpperCase() ?? '';
    if (isMaintenance(word)) return word;
    first ??= word;
    if (isSingle) break;
  }
  return first ?? '';
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- statements may contain anything
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length <= MAX_TEXT ? line : `${line.slice(0, MAX_TEXT - 1)}…`;
}

type Read =
  /** The token ends at `end`; `emit` is its output. */
  | { readonly emit: string; readonly end: number }
  /** Not certain from here on: the rest is dropped. */
  | { readonly emit: string; readonly end: null };

function redactedTokens(text: string, dialect: Dialect): string[] {
  const tokens: string[] = [];
  const words = new StatementWords();
  let at = 0;
  let shown = 0;
  // What comes after the text that is shown need not be understood.
  while (at < text.length && shown <= MAX_TEXT) {
    const { emit, end } = readToken(text, at, dialect);
    tokens.push(emit);
    if (emit !== ' ') shown += emit.length;
    if (end === null) break;
    if (words.endCertainty(text.slice(at, end))) {
      tokens.push(' ?');
      break;
    }
    at = end;
  }
  return tokens;
}

/** Follows the words of a text closely enough to know when data, or values without quotes, come next. */
class StatementWords {
  #verb = '';
  #isSetting = false;

  /** True when what follows this token may be a literal and nothing shows it. */
  endCertainty(token: string): boolean {
    if (token === ';') {
      const wasCopy = this.#verb === 'COPY';
      this.#verb = '';
      this.#isSetting = false;
      // What follows a COPY in the same text is its data.
      return wasCopy;
    }
    if (this.#isSetting) return token === '=' || token === ':=' || /^to$/i.test(token);
    if (!/^[A-Za-z_]/.test(token)) return false;
    const word = token.toUpperCase();
    if (this.#verb === '') this.#verb = word;
    // UPDATE … SET and the like assign expressions, whose literals have quotes; every other SET may take bare words.
    if (word === 'SET' && !/^(UPDATE|INSERT|MERGE|WITH|EXPLAIN|REPLACE|LOAD)$/.test(this.#verb)) this.#isSetting = true;
    return false;
  }
}

function readToken(text: string, at: number, dialect: Dialect): Read {
  const char = text.charAt(at);
  if (/\s/.test(char)) return { emit: ' ', end: endOf(/\s+/y, text, at) };
  if (startsComment(text, at, dialect)) return readComment(text, at, dialect);
  if (char === "'") return readString(text, at, 'uncertain');
  if (char === '"') return dialect === 'mysql' ? readString(text, at, 'uncertain') : readQuotedName(text, at);
  if (char === '`') return dialect === 'mysql' ? readQuotedName(text, at) : { emit: '', end: null };
  if (char === '$') return readDollar(text, at);
  if (/[0-9]/.test(char) || /\.[0-9]/.test(text.slice(at, at + 2))) {
    return { emit: '?', end: endOf(/(?:[eE][+-]?[0-9]|[\p{L}\p{N}_.])+/uy, text, at) };
  }
  if (NAME_START.test(char)) return readWord(text, at, dialect);
  if (char === ':' && text.charAt(at + 1) === '=') return { emit: ':=', end: at + 2 };
  return { emit: char, end: at + 1 };
}

const NAME_START = /[A-Za-z_\u0080-\uffff]/;

function endOf(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : at + 1;
}

function startsComment(text: string, at: number, dialect: Dialect): boolean {
  const two = text.slice(at, at + 2);
  if (two === '/*') return true;
  // MySQL: two dashes start a comment only before a blank, else they are operators.
  if (two === '--') return dialect === 'postgres' || !/\S/.test(text.charAt(at + 2));
  return dialect === 'mysql' && two.startsWith('#');
}

function readComment(text: string, at: number, dialect: Dialect): Read {
  if (text.charAt(at) !== '/') {
    const line = /[^\r\n]*/y;
    // MySQL ends such a comment at a line feed only.
    return { emit: ' ', end: endOf(dialect === 'mysql' ? /[^\n]*/y : line, text, at) };
  }
  let depth = 0;
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    // PostgreSQL's comments nest, MySQL's do not.
    if (mark[0] === '*/') depth--;
    else if (dialect === 'postgres' || depth === 0) depth++;
    if (depth === 0) return { emit: ' ', end: marks.lastIndex };
  }
  return { emit: '', end: null };
}

/**
 * `escapes`: a backslash escapes. `uncertain`: that depends on a setting of the session (standard_conforming_strings,
 * NO_BACKSLASH_ESCAPES) which others cannot see, so nothing after a backslash before a quote is certain.
 */
function readString(text: string, at: number, backslash: 'escapes' | 'uncertain'): Read {
  const quote = text.charAt(at);
  for (let i = at + 1; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') {
      if (backslash === 'escapes') i++;
      else if (text.charAt(i + 1) === quote) return { emit: '?', end: null };
    } else if (char === quote) {
      if (text.charAt(i + 1) !== quote) return { emit: '?', end: i + 1 };
      i++;
    }
  }
  return { emit: '?', end: null };
}

/** A name is shown only when it looks like one: people also put values into these quotes by mistake. */
function readQuotedName(text: string, at: number): Read {
  const quote = text.charAt(at);
  let end = text.indexOf(quote, at + 1);
  while (end !== -1 && text.charAt(end + 1) === quote) end = text.indexOf(quote, end + 2);
  if (end === -1) return { emit: `${quote}?${quote}`, end: null };
  const name = text.slice(at + 1, end);
  const isPlain = /^[\p{L}_][\p{L}\p{N}_$]{0,62}$/u.test(name);
  return { emit: `${quote}${isPlain ? name : '?'}${quote}`, end: end + 1 };
}

/** A parameter (`$1`) or a string between dollar tags. */
function readDollar(text: string, at: number): Read {
  const parameter = /\$[0-9]+/y;
  parameter.lastIndex = at;
  if (parameter.test(text)) return { emit: text.slice(at, parameter.lastIndex), end: parameter.lastIndex };
  const tag = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
  tag.lastIndex = at;
  if (tag.test(text)) {
    const opening = text.slice(at, tag.lastIndex);
    const closing = text.indexOf(opening, tag.lastIndex);
    return closing === -1 ? { emit: '?', end: null } : { emit: '?', end: closing + opening.length };
  }
  // A tag that was cut off, or not SQL at all.
  return { emit: '', end: null };
}

/** A keyword or name, or the prefix of a string, which decides what a backslash in it means. */
function readWord(text: string, at: number, dialect: Dialect): Read {
  const end = endOf(/[A-Za-z0-9_$\u0080-\uffff]+/y, text, at);
  const word = text.slice(at, end);
  if (/^u$/i.test(word) && /^&['"]/.test(text.slice(end, end + 2))) {
    return text.charAt(end + 1) === "'" ? readString(text, end + 1, 'uncertain') : readQuotedName(text, end + 1);
  }
  if (text.charAt(end) !== "'") return { emit: word, end };
  return readString(text, end, dialect === 'postgres' && /^e$/i.test(word) ? 'escapes' : 'uncertain');
}
