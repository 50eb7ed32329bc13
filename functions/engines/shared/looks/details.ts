import { $ZodError } from 'zod/v4/core';
import type { DetailName, MissingDetail } from '../../../core/server/snapshot.ts';
import { serverWords } from '../driver-error.ts';

/** Reads what one look can do without: a statement that the server refuses must not cost the look. */
export interface DetailReader {
  /** `nothing` where the server answers with an error, which is then missing. Throws what is not the server's answer. */
  read<T>(detail: DetailName, nothing: T, answer: Promise<T>): Promise<T>;
  /** What was not read, each once. */
  readonly missing: readonly MissingDetail[];
  lacks(...details: readonly DetailName[]): boolean;
}

export function createDetailReader(): DetailReader {
  const missing = new Map<DetailName, MissingDetail>();
  return {
    async read(detail, nothing, answer) {
      try {
        return await answer;
      } catch (error) {
        const why = error instanceof $ZodError ? 'the answer has not the form that it should have' : serverWords(error);
        if (why === null) throw error;
        if (!missing.has(detail)) missing.set(detail, { detail, why });
        return nothing;
      }
    },
    get missing() {
      return [...missing.values()];
    },
    lacks: (...details) => details.some((detail) => missing.has(detail)),
  };
}

/** For a snapshot. `others`: what this server never shows. */
export function missingIn(
  { missing }: DetailReader,
  others: readonly MissingDetail[] = [],
): { readonly missing?: readonly MissingDetail[] } {
  const all = [...others, ...missing];
  return all.length === 0 ? {} : { missing: all };
}
