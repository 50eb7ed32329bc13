import type { Session } from './session.ts';

/** What tells consumers apart. */
type Named = Pick<Session, 'user' | 'application' | 'client'>;

/**
 * User and application, as a person would name them: parts that differ from process to process are `#`, so that all
 * pods of a deployment are one consumer. An application without a name is told apart by its client's address.
 */
export function consumerOf({ user, application, client }: Named): string {
  const name = foldName(application.trim());
  return `${userOf({ user })}/${name === '' && client !== null ? `@${client}` : name}`;
}

/** A user without what differs from tenant to tenant, or from login to login. */
export function userOf({ user }: Pick<Session, 'user'>): string {
  return foldName(user ?? '?');
}

/** A consumer on one database: what the server sees of a connection pool. */
export function poolOf(session: Named & Pick<Session, 'database'>): string {
  return `${consumerOf(session)}@${session.database ?? '?'}`;
}

/** Longer than any name of PostgreSQL (63 bytes) and what people put into a program name; bounds the work below. */
const MOST_LETTERS = 256;

/**
 * A name without what differs from process to process: UUIDs, hexadecimal ids, host and process parts, pod suffixes,
 * random tokens and digits become `#`. Folding a folded name changes nothing. The cost is bounded, whatever the length.
 */
export function foldName(text: string): string {
  const clipped = text.slice(0, MOST_LETTERS).replace(/[\ud800-\udbff]$/, '');
  const known = folds.get(clipped);
  if (known !== undefined) return known;
  const folded = foldAll(clipped);
  if (folds.size >= MOST_FOLDS) folds.clear();
  // A piece of a long text would hold on to all of it.
  if (clipped.length === text.length) folds.set(clipped, folded);
  return folded;
}

/** Answers by question, so that it shows to nobody: a diagnosis asks for each name a dozen times. */
const folds = new Map<string, string>();
/** More than the users and applications of 16,000 sessions, the most of any server. */
const MOST_FOLDS = 40_000;

/**
 * What one pass leaves may join up to something that the next one folds. A pass that changes anything leaves fewer
 * characters, or fewer that are no `#`, so there is a last one.
 */
function foldAll(name: string): string {
  const folded = foldOnce(name);
  return folded === name ? name : foldAll(folded);
}

function foldOnce(text: string): string {
  return (
    text
      .replace(UUID, '#')
      .replace(HOST, '@#')
      .replace(DYNAMIC_USER, (all, start: string, token: string) => (/[A-Z0-9]/.test(token) ? `${start}#` : all))
      .replace(POD_OF_REPLICA_SET, '-#')
      .replace(POD, (all, suffix: string) => (/\d/.test(suffix) ? '-#' : all))
      .replace(TOKEN, (token) => (isHexId(token) || isRandom(token) ? '#' : token))
      .replace(/\d+/g, '#')
      .replace(POD_AFTER_ID, '-#')
      // `#-#`, `#.#.#` and `##` say no more than `#`.
      .replace(/#(?:[-_.,:;@/ ]?#)+/g, '#')
  );
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
/** `app@host-7`, `app:1234@10.0.3.7`; not `@scope/name`, where nothing is in front. */
const HOST = /(?<=[^\s@])@[\w.-]+/g;
/** Vault's users: `v-DISPLAY-ROLE-RANDOM`, on PostgreSQL with the time behind. */
const DYNAMIC_USER = /^(v-.+-)([A-Za-z0-9]{8,})(?:-\d{10})?$/;
/**
 * The letters and digits of Kubernetes' generated names, chosen so that they form no word. In front of the pod's own
 * five stands the hash of its replica set, or the minute of its cron job.
 */
const POD_OF_REPLICA_SET =
  /-(?:[bcdfghjklmnpqrstvwxz2456789]{6,10}|\d{8,10})-[bcdfghjklmnpqrstvwxz2456789]{5}(?![\w-])/g;
/** A pod of a daemon set or a job. Only with a digit: `proxy-https` is a name, and some with a digit are words. */
const POD = /-(?!r2dbc|http2|html5)([bcdfghjklmnpqrstvwxz2456789]{5})(?![\w-])/g;
/** Behind what has been folded already, five such letters are a pod, also without a digit. */
const POD_AFTER_ID = /(?<=#)-[bcdfghjklmnpqrstvwxz2456789]{5}(?![\w-])/g;
const TOKEN = /[A-Za-z0-9]{7,}/g;

/** `3f2a9c1b7d4e`; not `cafe2024` and `feedback2`, which a person wrote. */
function isHexId(token: string): boolean {
  const hex = token.replace(/^0x/, '');
  if (!/^[0-9a-f]{6,}$|^[0-9A-F]{6,}$/.test(hex) || !/\d/.test(hex) || !/[a-f]/i.test(hex)) return false;
  return hex !== token || hex.length >= 12 || /^\d/.test(hex) || changesOf(hex) >= 2;
}

/**
 * Which letters seldom follow a letter: in the names of 22,000 software packages, less than once in 500 words. Random
 * letters do so in nearly half of all pairs. With the bounds below, 2 of 3 random tokens of eight letters and 5 of 6 of
 * sixteen are told; of the words in those names, one in 200 is taken for random.
 */
const SELDOM_FOLLOW =
  'aq bfgjkmnpqvwxz cbgjnqvwxz djqxz ez fbcdghjkmnpqvwxz gbdfjkqtvwxyz hbcdfghjknpqvwxz iijqwy ' +
  'jbcdfghijklmnpqrtvwxyz kbcdfghjkmnpqrtvwxyz lhjnqrwxz mfghjknqrvwxz nhqrwxz oehqz pbfgjkmnqvwxz ' +
  'qabcdefghijkmnopqrstvwxyz rhjqwxz sjvxz tjqxz ufhjkoquvwyz vbcdfghjklmnpqrstuvwxyz wbcdfghjklmpqtuvwxyz ' +
  'xabcdfghjklmnoqrsuvwxyz ybfghijkqruvwxyz zbcdfghijklmnpqrstuvwxyz';
const SELDOM = new Set(
  SELDOM_FOLLOW.split(' ').flatMap(([first = '', ...followers]) => followers.map((letter) => first + letter)),
);
const LEAST_RANDOM_LENGTH = 8;
const LEAST_ODD = 3;
const LEAST_ODD_SHARE = 0.3;
/** From this length on, words in CamelCase have readable parts. */
const LEAST_CAMEL_LENGTH = 12;

/** A token that reads like no word. */
function isRandom(token: string): boolean {
  if (token.length < LEAST_RANDOM_LENGTH) return false;
  const isMixed = /[a-z]/.test(token) && /[A-Z]/.test(token);
  if ((isMixed || /\d/.test(token)) && 2 * readableIn(token) >= token.length) return false;
  return (isMixed && token.length >= LEAST_CAMEL_LENGTH) || isOdd(token);
}

/** Letters and digits by turns, or letters that seldom follow one another. */
function isOdd(token: string): boolean {
  const odd = changesOf(token) + seldomIn(token);
  return odd >= LEAST_ODD && odd >= LEAST_ODD_SHARE * (token.length - 1);
}

/** How often letters and digits change over. */
function changesOf(token: string): number {
  return (token.match(/[a-z](?=\d)|\d(?=[a-z])/gi) ?? []).length;
}

/** How many letters seldom follow the one before. */
function seldomIn(token: string): number {
  let seldom = 0;
  const text = token.toLowerCase();
  for (let at = 1; at < text.length; at++) if (SELDOM.has(text.slice(at - 1, at + 1))) seldom++;
  return seldom;
}

/** How many characters are in words: `Order`, `Service` and `Api` of `OrderServiceV2Api`. */
function readableIn(token: string): number {
  const parts = token.match(/[A-Z]?[a-z]{2,}|[A-Z]{3,}(?![a-z])/g) ?? [];
  const words = parts.filter((part) => part.length > 2 && /[aeiouy]/i.test(part) && 4 * seldomIn(part) < part.length);
  return words.join('').length;
}
