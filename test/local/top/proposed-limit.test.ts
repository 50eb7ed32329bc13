import { expect, it } from 'vitest';
import type { ConsumerRow } from '../../../local/top/picture.ts';
import { proposedLimit } from '../../../local/top/proposed-limit.ts';

const row = (name: string, busy: number, usual: number | null, user = 'mail'): ConsumerRow => ({
  ...{ name, user, application: name, idle: 1, open: 0, busy, usual },
});

it.each<[string, readonly ConsumerRow[], number, string]>([
  ['what is usual of all its applications', [row('a', 40, 20), row('b', 9, 4), row('c', 9, 90, 'web')], 27, 'usual'],
  ['half of what it holds where nothing tells', [row('a', 40, null), row('b', 9, null)], 26, 'half of what it holds'],
  ['never less than the policy leaves everybody', [row('a', 0, 1)], 5, 'usual'],
  ['the least for one that nobody sees', [], 5, 'half of what it holds'],
])('proposes %s, and says which', (_, rows, limit, from) => {
  const proposed = proposedLimit('mail', rows, 5);
  expect(proposed.limit).toBe(limit);
  expect(proposed.from).toContain(from);
});
