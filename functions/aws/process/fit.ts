/** How much of a value is kept: bytes of each text, entries of each list and map. */
interface Limits {
  readonly textBytes: number;
  readonly entries: number;
}

/** From mild to harsh; the first under which the value fits is used. */
const STEPS: readonly Limits[] = [
  { textBytes: 2048, entries: 200 },
  { textBytes: 512, entries: 40 },
  { textBytes: 128, entries: 12 },
  { textBytes: 48, entries: 4 },
];

/** Marks where something was cut away. */
const ELLIPSIS = '…';

/** Size of a value as JSON in UTF-8: an upper bound for its size in DynamoDB. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

/** The text cut to at most so many bytes of UTF-8, never inside a character. */
export function clipBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text);
  let end = maxBytes - Buffer.byteLength(ELLIPSIS);
  // Bytes 10xxxxxx continue a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ELLIPSIS;
}

/**
 * A plain copy of a record that is at most so many bytes as JSON. Long texts, lists and maps are cut rather than
 * refused: somebody's names must not keep an incident from being recorded. `undefined` disappears and what is no number
 * becomes null.
 */
export function fit(value: unknown, maxBytes: number): unknown {
  const text = JSON.stringify(value);
  if (text === undefined) return null;
  const plain: unknown = JSON.parse(text);
  if (Buffer.byteLength(text) <= maxBytes) return plain;
  for (const limits of STEPS) {
    const cut = cutDown(plain, limits);
    if (jsonBytes(cut) <= maxBytes) return cut;
  }
  throw new RangeError(`a record of ${Buffer.byteLength(text)} bytes cannot be cut to ${maxBytes}`);
}

function cutDown(value: unknown, limits: Limits): unknown {
  if (typeof value === 'string') return clipBytes(value, limits.textBytes);
  if (Array.isArray(value)) return value.slice(0, limits.entries).map((item) => cutDown(item, limits));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, limits.entries)
      .map(([name, item]) => [clipBytes(name, limits.textBytes), cutDown(item, limits)]),
  );
}
