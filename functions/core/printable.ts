/** Text from a server or client, safe to print: no control characters, no line breaks, no halves of characters, bounded. */
export function printable(text: string, maxLength = 80): string {
  const flat = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, '·');
  return flat.length <= maxLength ? flat : `${flat.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
