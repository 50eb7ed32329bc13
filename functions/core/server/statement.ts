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
  /** Where the text was cut or left out because the answer was too long: the same number, the same text. */
  readonly shape?: number;
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
 * string (servers cut statements off), a backslash before a quote, values that need no quotes (SET, PASSWORD), a comment
 * that MySQL runs, a blank that is none to every server. Linear in the first 4 kB.
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
    if (end === null) {
      // Sparing one session too many is harmless.
      const next = /[A-Za-z_]{1,32}/.exec(text.slice(at))?.[0].toUpperCase() ?? '';
      if (begins && isMaintenance(next)) return next;
      break;
    }
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
    const uncertain = end === null || emit === ' ' ? null : words.uncertainFrom(text.slice(at, end));
    if (uncertain !== 'here') tokens.push(emit);
    if (emit !== ' ') shown += emit.length;
    if (end === null) break;
    if (uncertain !== null) {
      tokens.push(' ?');
      break;
    }
    at = end;
  }
  return tokens;
}

/** Statements in which a password is a column, unless it is compared with something or assigned. */
const USES_COLUMNS = /^(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|EXPLAIN|REPLACE|VALUES|DECLARE)$/;
/** UPDATE … SET and the like assign expressions, whose literals have quotes; every other SET may take bare words. */
const ASSIGNS_EXPRESSIONS = /^(UPDATE|INSERT|MERGE|WITH|EXPLAIN|REPLACE|LOAD)$/;

/** Follows the words of a text closely enough to know when data, or values without quotes, come next. */
class StatementWords {
  #verb = '';
  #isSetting = false;
  /** The word before this one, where it decides what this one may be. */
  #after: 'identified' | 'password' | null = null;

  /**
   * From where on there may be literals that nothing shows: from this very token (`here`), or from the next one.
   * Statements that fail are shown too, so values come bare, or in quotes that are for names. Blanks are left out.
   */
  uncertainFrom(token: string): 'here' | 'next' | null {
    const after = this.#after;
    this.#after = null;
    if (after === 'identified') return /^by$/i.test(token) ? 'next' : 'here';
    if (after === 'password' && /^([=<>!(:]|:=|(not|like|ilike|rlike|regexp|similar|in|is|to)$)/i.test(token))
      return 'next';
    return this.#isDataNext(token) ? 'next' : null;
  }

  #isDataNext(token: string): boolean {
    if (token === ';') {
      const wasCopy = this.#verb === 'COPY';
      this.#verb = '';
      this.#isSetting = false;
      // What follows a COPY in the same text is its data.
      return wasCopy;
    }
    if (this.#isSetting && (token === '=' || token === ':=' || /^to$/i.test(token))) return true;
    const word = token.replace(/^["`](.*)["`]$/s, '$1').toUpperCase();
    if (/^(?:[A-Z]+_)*PASSW(?:OR)?D$/.test(word)) {
      if (!USES_COLUMNS.test(this.#verb)) return true;
      this.#after = 'password';
    }
    if (!/^[A-Za-z_]/.test(token)) return false;
    if (word === 'IDENTIFIED') this.#after = 'identified';
    if (this.#verb === '') this.#verb = word;
    if (word === 'SET' && !ASSIGNS_EXPRESSIONS.test(this.#verb)) this.#isSetting = true;
    return false;
  }
}

function readToken(text: string, at: number, dialect: Dialect): Read {
  const char = text.charAt(at);
  if (BLANK.test(char)) return { emit: ' ', end: endOf(/[ \t-\r]+/y, text, at) };
  if (MAY_BE_BLANK.test(char)) return { emit: '', end: null };
  if (startsComment(text, at, dialect)) return readComment(text, at, dialect);
  if (char === "'") return readString(text, at, 'uncertain');
  if (char === '"') return dialect === 'mysql' ? readString(text, at, 'uncertain') : readQuotedName(text, at);
  if (char === '`') return dialect === 'mysql' ? readQuotedName(text, at) : { emit: '', end: null };
  // In MySQL 9 it may begin a string, in MariaDB a name.
  if (char === '$') return dialect === 'mysql' ? { emit: '', end: null } : readDollar(text, at);
  if (/[0-9]/.test(char) || /\.[0-9]/.test(text.slice(at, at + 2))) {
    return { emit: '?', end: endOf(/(?:[eE][+-]?[0-9]|[\p{L}\p{N}_.])+/uy, text, at) };
  }
  if (NAME_START.test(char)) return readWord(text, at, dialect);
  if (char === ':' && text.charAt(at + 1) === '=') return { emit: ':=', end: at + 2 };
  return { emit: char, end: at + 1 };
}

/** From tab to carriage return, and the space. */
const BLANK = /[ \t-\r]/;
/** Part of a name to PostgreSQL and in most character sets; to MySQL, in others, a blank or a control character. */
const MAY_BE_BLANK = /[\u0080-\u00a0]|(?![ \t-\r])\s/;
const NAME_START = /[A-Za-z_]|(?!\s)[\u00a1-\uffff]/;

function endOf(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : at + 1;
}

function startsComment(text: string, at: number, dialect: Dialect): boolean {
  const two = text.slice(at, at + 2);
  if (two === '/*') return true;
  // MySQL: two dashes start a comment only before a blank or a control character, else they are operators.
  const next = text.charAt(at + 2);
  if (two === '--') return dialect === 'postgres' || next <= ' ' || next === '\u007f';
  return dialect === 'mysql' && two.startsWith('#');
}

function readComment(text: string, at: number, dialect: Dialect): Read {
  if (text.charAt(at) !== '/') {
    const line = /[^\r\n]*/y;
    // MySQL ends such a comment at a line feed only.
    return { emit: ' ', end: endOf(dialect === 'mysql' ? /[^\n]*/y : line, text, at) };
  }
  if (dialect === 'mysql' && /^\/\*(?:M?!|\+)/.test(text.slice(at, at + 4))) return readCodeComment(text, at);
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
 * A comment that MySQL and MariaDB run, or take for hints: `/*! … *\/`, `/*M! … *\/`, `/*+ … *\/`. What it holds is code,
 * in which a string may hold the end of the comment. Only a few plain words are certain.
 */
function readCodeComment(text: string, at: number): Read {
  const plain = /\/\*(?:M?!|\+)[\w \t-\r]*\*\//y;
  plain.lastIndex = at;
  if (!plain.test(text)) return { emit: '', end: null };
  const isHarmless = !/\b(?:SET|COPY|IDENTIFIED|\w*PASSW(?:OR)?D)\b/i.test(text.slice(at, plain.lastIndex));
  return isHarmless ? { emit: ' ', end: plain.lastIndex } : { emit: '', end: null };
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
    // Different letters that could not be read look the same, so another tag may look like this one.
    if (opening.includes('\ufffd')) return { emit: '?', end: null };
    const closing = text.indexOf(opening, tag.lastIndex);
    return closing === -1 ? { emit: '?', end: null } : { emit: '?', end: closing + opening.length };
  }
  // A tag that was cut off, or not SQL at all.
  return { emit: '', end: null };
}

/** A keyword or name, or the prefix of a string, which decides what a backslash in it means. */
function readWord(text: string, at: number, dialect: Dialect): Read {
  const end = endOf(/(?:[A-Za-z0-9_$]|(?!\s)[\u00a1-\uffff])+/y, text, at);
  const word = text.slice(at, end);
  if (/^u$/i.test(word) && /^&['"]/.test(text.slice(end, end + 2))) {
    return text.charAt(end + 1) === "'" ? readString(text, end + 1, 'uncertain') : readQuotedName(text, end + 1);
  }
  if (text.charAt(end) !== "'") return { emit: word, end };
  return readString(text, end, dialect === 'postgres' && /^e$/i.test(word) ? 'escapes' : 'uncertain');
}
