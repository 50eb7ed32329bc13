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

/**
 * A page with what is between `<!-- NAME -->` and `<!-- end -->` made anew, by name; the prose around the parts stays.
 * Throws when a part is missing, is there twice or is none of these, with its name.
 */
export function fillParts(page: string, text: string, parts: Readonly<Record<string, () => string>>): string {
  const found: string[] = [];
  const filled = text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    found.push(name);
    return `<!-- ${name} -->\n\n${parts[name]?.() ?? ''}\n\n<!-- end -->`;
  });
  const expected = Object.keys(parts);
  if (found.sort().join() === expected.sort().join()) return filled;
  throw new Error(`${page} must have each of the parts ${expected.join(', ')} once; it has ${found.join(', ')}`);
}
