/** `83 s`, `12 min`, `3 h`: for reasons people read. */
export function inWords(ms: number | null): string {
  if (ms === null) return 'unknown time';
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** `2026-11-21 03:00:05 UTC`. */
export function utc(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? 'at an unknown time'
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
