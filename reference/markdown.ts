export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** What databases call things must not become markup. */
export function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line.replace(/[*<>|]/g, '\\$&')}`).join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}
