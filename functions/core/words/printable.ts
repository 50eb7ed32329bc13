/**
 * Text from a server or client, safe to print: bounded, without control characters, line breaks or half characters. No
 * program that shows it makes a link of it: the only links in what people get are Headroom's own.
 */
export function printable(text: string, maxLength = 80): string {
  // A text of megabytes costs no more than its beginning.
  const start = text.slice(0, MOST_READ * maxLength);
  const flat = unlinked(start.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, '·'));
  const isWhole = start.length === text.length && flat.length <= maxLength;
  return isWhole ? flat : `${flat.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Times the length that is wanted: what is hidden in front of it takes room that nobody sees. */
const MOST_READ = 16;

/** As people write an address that nobody is to follow by accident. */
function unlinked(text: string): string {
  return text.replaceAll('://', '[:]//').replace(/\bwww\./gi, (start) => `${start.slice(0, -1)}[.]`);
}

/**
 * A name from a server or client among words of ours. One that could pass for words itself, because it has blanks or a
 * colon in it, is put in quotes.
 */
export function named(name: string, maxLength = 80): string {
  const plain = printable(name, maxLength);
  return /[\s:"]/u.test(plain) ? `"${printable(name, maxLength - 2).replaceAll('"', "'")}"` : plain;
}

/** A name quoted for a POSIX shell, whatever it contains; bounded and without control characters. */
export function shellWord(text: string): string {
  const plain = printable(text, 63);
  return /^[\w.-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", `'\\''`)}'`;
}
