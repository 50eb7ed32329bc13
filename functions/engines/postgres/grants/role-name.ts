const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** A role as statements name it: one line of printable characters, whatever the name holds. */
export function quoteRole(name: string): string {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  if (!UNPRINTABLE.test(name)) return quoted;
  const escaped = [...quoted.replaceAll('\\', '\\\\')].map((character) =>
    UNPRINTABLE.test(character) ? `\\+${(character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')}` : character,
  );
  return `U&${escaped.join('')}`;
}
