/** Up to so many UTF-16 units, without half a character; what is cut ends with "…". */
export function clipTo(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Whole lines, as many as fit. The last one says how many are missing. */
export function fitLines(lines: readonly string[], length: number): string {
  const room = length - 30;
  const kept: string[] = [];
  let used = 0;
  for (const line of lines) {
    const clipped = clipTo(line, room);
    if (used + clipped.length + 1 > room) break;
    kept.push(clipped);
    used += clipped.length + 1;
  }
  const missing = lines.length - kept.length;
  return [...kept, ...(missing > 0 ? [`… ${missing} more lines`] : [])].join('\n');
}
