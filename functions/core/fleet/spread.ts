import { errorWords } from '../words/error-words.ts';

export interface Pace {
  /** Epoch milliseconds of the first. */
  readonly startedAt: number;
  /** Between one and the next. */
  readonly spacingMs: number;
  /** Nothing is begun after it. */
  readonly until: number;
}

/** So many calls a second are no crowd. */
const SPACING_MS = 100;

/** Spreads so many calls over a span of time; fewer than fill it are done sooner. */
export function paceOf(count: number, startedAt: number, spanMs: number): Pace {
  return { startedAt, spacingMs: Math.min(SPACING_MS, spanMs / Math.max(1, count)), until: startedAt + spanMs };
}

/**
 * Begins a call for each, one after the other, without waiting for any: a call that hangs or fails holds up nobody.
 * Settles with what failed, in words, when all are over.
 */
export async function spread<T>(
  items: readonly T[],
  { startedAt, spacingMs, until }: Pace,
  call: (item: T) => Promise<void>,
  { now, sleep }: { readonly now: () => number; readonly sleep: (ms: number) => Promise<void> },
): Promise<string[]> {
  const calls: Promise<string | null>[] = [];
  for (const [index, item] of items.entries()) {
    const waitMs = startedAt + index * spacingMs - now();
    if (waitMs > 0) await sleep(waitMs);
    if (now() > until) {
      calls.push(Promise.resolve(`no time was left for ${items.length - index} of ${items.length}`));
      break;
    }
    calls.push(
      call(item).then(
        () => null,
        (error: unknown) => errorWords(error),
      ),
    );
  }
  return (await Promise.all(calls)).filter((failure) => failure !== null);
}
