import { TIERS } from '../../plan/tiers/index.ts';

/** What a word means, for whoever reads a message for the first time; only those that the message has in it. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bslots?\b/, 'slot: one connection that the server can hold'],
  [/\busable\b/, 'usable: open to ordinary clients'],
  [/(?:^|[\s(])[\w.#-]+\/[\w.#@-]+/m, 'a/b: user a, application b; # stands for what differs'],
  [/\bspared\b/i, 'spared: left alone'],
  [/\brelief level\b/, 'relief level: where Headroom stops ending sessions'],
  [/\btrigger\b/, 'trigger: the usage that opens an incident'],
  [/\bwarm session\b/, 'warm session: one that Headroom had open before'],
  [/\breserved slots\b/, 'reserved slots: those that ordinary clients never get'],
  [/\broot blockers?\b/, 'root blocker: the first in a queue for a lock'],
  [/\bcanary\b/, 'canary: the login that tries whether ordinary clients get in'],
  ...TIERS.map(({ name, does }) => [new RegExp(`\\b${name}\\b`), `${name}: ${does}`] as const),
];

/** The list is wrapped, so that a terminal and a mail show it whole. */
const WIDTH = 105;

/** The words of a text that need explaining, in a few lines; none when it has none of them. */
export function legendOf(text: string): string[] {
  const lines: string[] = [];
  for (const [pattern, words] of WORDS) {
    if (!pattern.test(text)) continue;
    const last = lines.at(-1);
    if (last !== undefined && last.length + words.length + 2 <= WIDTH) lines[lines.length - 1] = `${last}; ${words}`;
    else lines.push(words);
  }
  return lines;
}
