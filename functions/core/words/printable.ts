/** Text from a server or client, safe to print: no control characters, no line breaks, no halves of characters, bounded. */
export function printable(text: string, maxLength = 80): string {
  const flat = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, '·');
  return flat.length <= maxLength ? flat : `${flat.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A name as a POSIX shell reads it back, whatever it holds; without control characters and bounded. */
export function shellWord(text: string): string {
  const plain = printable(text, 63);
  return /^[\w.-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", `'\\''`)}'`;
}
