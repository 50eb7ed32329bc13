import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LIST = readFileSync(join(ROOT, 'docs/safety.md'), 'utf8');
const named = [...LIST.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)].map(([, file = '', name = '']) => ({ file, name }));

describe('the safety list', () => {
  it.each(named)('names a test that exists: $name', ({ file, name }) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(`'${name}'`);
  });

  it('has eight promises, as many as the README, each with a test', () => {
    const promises = LIST.split(/^## /m).slice(1);
    expect(promises).toHaveLength(8);
    expect(promises.filter((promise) => !/^- `test\//m.test(promise))).toEqual([]);
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const list = /## What it will never do\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
    expect(list.match(/^\d\. /gm)).toHaveLength(8);
  });
});
