/** Text from a server or client, safe to print: bounded, without control characters, line breaks or half characters. */
export function printable(text: string, maxLength = 80): string {
  const flat = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, '·');
  return flat.length <= maxLength ? flat : `${flat.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A name quoted for a POSIX shell, whatever it contains; bounded and without control characters. */
export function shellWord(text: string): string {
  const plain = printable(text, 63);
  return /^[\w.-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", `'\\''`)}'`;
}
