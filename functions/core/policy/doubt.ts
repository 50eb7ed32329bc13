import { isIP } from 'node:net';
import type { Session } from '../server/session.ts';
import type { Policy } from './policy.ts';

type Protect = Policy['protect'];

/** Whether the policy may mean a session by a name that its server does not show as the policy writes it. */
export function isInDoubt({ doubts, user, application, database, client }: Session, protect: Protect): boolean {
  return (
    (doubts.includes('user-name') && protect.users.length > 0) ||
    mayBeNamed(user, protect.users) ||
    mayBeNamed(application, protect.applications) ||
    mayBeNamed(database, protect.databases) ||
    (client !== null && protect.clients.some((pattern) => mayBeClient(client, pattern)))
  );
}

/** PostgreSQL cuts names to 63 bytes, and a few less where that would break a character. */
export const MOST_NAME_BYTES = 63;
const LEAST_CUT_BYTES = 60;

const NOT_ASCII = /[^\x20-\x7e]/;

/** Whether PostgreSQL shows such an application name in another form: in printable ASCII alone. */
export function isRewritten(pattern: string): boolean {
  return NOT_ASCII.test(pattern);
}

interface Hidden {
  /** Every form in which the name may show. */
  readonly forms: readonly string[];
  readonly isPrefix: boolean;
}

/** Pattern lists live as long as their policy; hardly any pattern is of this kind. */
const hidden = new WeakMap<readonly string[], readonly Hidden[]>();

function hiddenIn(patterns: readonly string[]): readonly Hidden[] {
  const known = hidden.get(patterns);
  if (known) return known;
  const found = patterns.flatMap((pattern): Hidden[] => {
    const isPrefix = pattern.endsWith('*');
    const text = (isPrefix ? pattern.slice(0, -1) : pattern).toLowerCase();
    if (!isRewritten(text) && Buffer.byteLength(text) < LEAST_CUT_BYTES) return [];
    return [{ forms: [text, ...formsOf(text)], isPrefix }];
  });
  hidden.set(patterns, found);
  return found;
}

/** Up to PostgreSQL 15 a byte that is no printable ASCII shows as `?`, from 16 on as `\xc3`. Case does not count. */
function formsOf(text: string): readonly string[] {
  return [text, text.toUpperCase()].flatMap((letters) => {
    const bytes = [...Buffer.from(letters)].map((byte) => ({ byte, letter: String.fromCharCode(byte) }));
    const shown = (other: (byte: number) => string) =>
      bytes.map(({ byte, letter }) => (isRewritten(letter) ? other(byte) : letter.toLowerCase())).join('');
    return [shown(() => '?'), shown((byte) => String.raw`\x${byte.toString(16)}`)];
  });
}

function mayBeNamed(shown: string | null, patterns: readonly string[]): boolean {
  const candidates = hiddenIn(patterns);
  if (shown === null || candidates.length === 0) return false;
  const lower = shown.toLowerCase();
  const isCut = Buffer.byteLength(shown) >= LEAST_CUT_BYTES;
  return candidates.some(({ forms, isPrefix }) =>
    forms.some((form) => form === lower || (isPrefix && lower.startsWith(form)) || (isCut && form.startsWith(lower))),
  );
}

/** A server shows clients by address or by name; a name that stands for this machine is its address too. */
function mayBeClient(client: string, pattern: string): boolean {
  if (client === 'localhost') return false;
  return isIP(client) === 0 ? isAddressPattern(pattern) : isHostPattern(pattern);
}

export function isHostPattern(pattern: string): boolean {
  return /[^0-9a-f.:*/]/i.test(pattern);
}

export function isAddressPattern(pattern: string): boolean {
  return !isHostPattern(pattern) && /^\d|:|^[0-9a-f]{4}\*$/i.test(pattern);
}
