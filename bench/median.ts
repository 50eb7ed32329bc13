/** Median duration of `runs` calls, in milliseconds, after three calls to warm up. */
export function medianMs(runs: number, call: () => unknown): number {
  for (let warm = 0; warm < 3; warm++) call();
  const durations: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    call();
    durations.push(performance.now() - start);
  }
  return middle(durations);
}

/** The middle value; NaN of an empty list. */
export function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
