/** `2026-11-21`. */
export function dayOf(at: number): string {
  return isoOf(at, 10);
}

/** `03:00:05`, UTC. */
export function clockOf(at: number): string {
  return isoOf(at, 19).slice(11);
}

function isoOf(at: number, letters: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? 'unknown time' : date.toISOString().slice(0, letters);
}

/** `4.2 s`, `83 s`, `12 min 5 s`, `3 h 10 min`: how long something took, for people who compare. */
export function lastedOf(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
