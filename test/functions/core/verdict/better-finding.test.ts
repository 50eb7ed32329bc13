import { expect, it } from 'vitest';
import type { CauseFinding } from '../../../../functions/core/cause/finding.ts';
import { isBetterFinding } from '../../../../functions/core/verdict/better-finding.ts';

const finding = (name: CauseFinding['name'], confidence: number): CauseFinding => ({
  name,
  confidence,
  evidence: [],
  ranking: [],
});
const leak = finding('connection-leak', 0.95);
const pressing = { pressing: true, hasActed: false, cameBack: false };
const acted = { ...pressing, hasActed: true };

it.each<[string, CauseFinding, CauseFinding | null, Parameters<typeof isBetterFinding>[2], boolean]>([
  ['the first finding counts', leak, null, { ...pressing, pressing: false }, true],
  ['a calm server changes nothing', finding('limit-too-low', 0.99), leak, { ...pressing, pressing: false }, false],
  ['under pressure the later one counts, before any act', finding('long-queries', 0.6), leak, pressing, true],
  ['a sure one stays once Headroom has acted', finding('pool-oversubscription', 0.99), leak, acted, false],
  ['an unsure one gives way to a surer one', leak, finding('long-queries', 0.6), acted, true],
  [
    'a sure one gives way when what was ended came back',
    finding('connection-storm', 0.9),
    leak,
    { ...acted, cameBack: true },
    true,
  ],
  [
    'nothing named gives way to a name, also on a calm server',
    leak,
    finding('unclear', 0.6),
    { ...acted, pressing: false },
    true,
  ],
])('%s', (_, found, before, circumstances, expected) => {
  expect(isBetterFinding(found, before, circumstances)).toBe(expected);
});
