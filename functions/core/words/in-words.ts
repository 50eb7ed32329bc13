/** `83 s`, `12 min`, `3 h`: for reasons people read. */
export function inWords(ms: number | null): string {
  if (ms === null) return 'unknown time';
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
