import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { withTargets, type Written } from '../../../local/discovery/yaml-text.ts';

/** A file as people write them: any indentation, comments anywhere, line ends of either kind. */
const file = fc
  .record({
    column: fc.integer({ min: 0, max: 5 }),
    gap: fc.integer({ min: 1, max: 4 }),
    ids: fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 4 }),
    last: fc.constantFrom('q: 1', 'q: "a # b"', 'q: {a: [1, 2]}', 'q: |\n{in}  two\n{in}  lines', 'q: # nothing'),
    tail: fc.constantFrom(
      '',
      '\n',
      '{in}# inside\n',
      '\n{in}# inside\n\n',
      '# the end\n',
      '\n# the end\nnotify: {}\n',
      'notify: {}\n',
    ),
    comment: fc.constantFrom('', ' # - dash: [', ' # ü'),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    endsOpen: fc.boolean(),
  })
  .map(({ column, gap, ids, last, tail, comment, lineEnd, endsOpen }) => {
    const inside = ' '.repeat(column + 1 + gap);
    const items = ids.map(
      (id, index) =>
        `${' '.repeat(column)}-${' '.repeat(gap)}id: ${id}${comment}\n${inside}${index === ids.length - 1 ? last : 'q: 0'}\n`,
    );
    const text = `a: 1 # one\n\ntargets:${comment}\n${items.join('\n')}${tail}`.replaceAll('{in}', inside);
    return (endsOpen ? text.trimEnd() : text).replaceAll('\n', lineEnd);
  });

/** Comments come from what AWS says: nothing in them may become a field. */
const target = fc
  .record({
    id: fc.stringMatching(/^new[a-z]{1,8}$/),
    about: fc.string({ unit: 'binary' }),
    note: fc.string({ unit: 'binary' }),
  })
  .map(({ id, about, note }) => {
    const entry = { id, engine: 'mysql', maxConnections: 5 } as unknown as Written['entry'];
    return { entry, about, notes: [note], slotsSource: note };
  });

it('a file keeps every character, and has nothing more than the new targets', () => {
  fc.assert(
    fc.property(file, fc.array(target, { minLength: 1, maxLength: 3 }), (text, added) => {
      const after = withTargets(text, added, 'headroom.yaml');
      const start = [...text].findIndex((_, index) => text[index] !== after[index]);
      const head = start === -1 ? text : text.slice(0, start);
      expect(after.startsWith(head)).toBe(true);
      expect(after.endsWith(text.slice(head.length))).toBe(true);
      expect(after.replaceAll('\r\n', '\n')).not.toMatch(/(?!\n)\p{Cc}/u);
      const before = parse(text) as { targets: unknown[] };
      expect(parse(after)).toEqual({ ...before, targets: [...before.targets, ...added.map(({ entry }) => entry)] });
    }),
    { numRuns: 100 },
  );
});
