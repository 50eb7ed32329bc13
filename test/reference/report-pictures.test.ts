import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawnFrom, PICTURES, shownPart } from '../../reference/report-pictures.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(Object.values(PICTURES))('%s is of the report as it is now (npm run pictures)', (file) => {
  const png = readFileSync(join(ROOT, file));
  expect(drawnFrom(png)).toBe(shownPart());
  expect(png.length).toBeLessThanOrEqual(150_000);
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(file);
});
