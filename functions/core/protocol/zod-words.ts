import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { printable } from '../words/printable.ts';

// The small build of zod has no words of its own. English comes by its own path: `z.locales` would bring every language
// along, 260 KB in each bundle.
z.config(en());

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What is wrong with a value that no person edits, a text for each problem. `whole` names the value itself. */
export function problemsIn({ issues }: { readonly issues: readonly Issue[] }, whole: string): string[] {
  return issues.map(({ path, message }) => `${printable(path.map(String).join('.'), 100) || whole}: ${message}`);
}
